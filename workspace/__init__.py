"""The workspace folder, and the long work in it, as the command line and the page ask for it.

`folder` is the `Workspace`: one campaign of one town, its configuration and files. Paper goes out by
`printing`, `plans` and `slips`; it comes in by `scanning` (`watching` calls it for whatever arrives), with
worker processes from `pool`. What came of it is drawn up by `digesting`, `reporting`, `talking` and
`exporting`, over `tables`. `backup` copies a workspace, `purging` erases personal data from it.
"""
