"""Sizes of a form, in mm unless named PT or EMS, as paper practice has them (domain.md §2 and §5).

Boxes of 4 mm, comb cells of 6 × 8 mm, ruled lines 9 mm apart.
"""

BOX = 4.0
CELL_W, CELL_H = 6.0, 8.0
LINE_PITCH = 9.0
ROW = 6.2  # least height of a row
FACT_ROW = 6.8
COMB_ROW = 9.0
SIGNATURE_ROW = 12.0
HEADING_ROW = 7.2
TITLE_PT, LEAST_TITLE_PT = 22.0, 16.0
LABEL_PT = 10.0
HEADING_PT = 10.5
SMALL_PT = 9.0
LABEL_GAP = 1.6  # between a label and what it names
COLUMN_GAP = 2.2  # behind the labels that begin a line
LABEL_EMS = 6  # longer labels are set on two lines
LABEL_PITCH = 3.7
GAP, MOST_GAP = 3.8, 16.0  # between fields on a line
WORD_GAP = 0.9  # between a box and its word
OPTION_GAP = 2.4  # between an option's words and the next box
OPTION_UNIT = 7.15  # options begin at multiples of it: a word of two characters takes two units
OPTION_PITCH = 5.7  # between folded lines of options
COMB_GROUP_GAP = 1.6  # between the groups of a telephone number
DATE_GAP = 4.6  # for 年 月 日 behind their cells
MATRIX_COLUMN = 34.0  # widest
MOST_FOLDS = 8
MOST_AIR = 3.2  # mm that a line may be given beyond its need, for each of its `shares`
NUMBER_W = 6.5  # in front of the labels of a repeated section, for its number

DARK, INK, FRAME, HAIRLINE = 0.15, 0.35, 0.55, 0.78  # greys: titles, words, writing lines, rules
INSTRUCTION = "请用黑色签字笔在□内打√；填错请涂黑该框后重选；请勿折叠"
TABLE_GUTTER = 9.0  # between tables that stand side by side
NOTE_PT, NOTE_PITCH = 11.0, 6.4  # a paragraph's type and lines
PARAGRAPH_PITCH = 5.8  # lines of a prefilled paragraph
MORE_PER_CHOICE = 9.0  # most that a table gives an option's column beyond its need
