"""The workspace folder, and the long work in it, as the command line and the page ask for it.

folder     `Workspace`: one campaign of one town, its configuration and files
printing   packets for cadres              slips      hand-over slips
scanning   what came back, page by page    pool       worker processes that read pages
digesting  the week's lists and slips      reporting  summary, circular, inspection report
tables     tables as CSV, XLSX, documents
"""
