"""Every threshold of reading, each with its unit and its reason. First finding
the page, in the order in which it happens, then reading it."""

from __future__ import annotations

# --- finding: taking a file in --------------------------------------------------------------------

MOST_PIXELS = 150_000_000
"""Pixels of one picture above which it is refused undecoded: A4 at 1200 dpi has 139 million."""

LEAST_DPI, MOST_DPI = 30.0, 2540.0
"""What a file may say of its resolution and be believed; 72 and 96 are often said and rarely true,
which does no harm: the scale is found from the markers."""

SQUARE_PIXELS = 1.1
"""Ratio of the resolutions across and down above which a page is stretched: fax has 204 × 98."""

CROPPED_SHARE = 0.02
"""Share of a picture that may hang over the edge of its PDF page before the page is rendered."""

RENDER_LONG_SIDE = 3400
"""Most px of a rendered page's longer side: A3 at 200 dpi. Phones write pages of 3000 pt and more."""

# --- finding: markers -----------------------------------------------------------------------------

LOCATE_LONG_SIDE = 1100
"""Px to which the longer side is shrunk (by a whole factor) for the first look: A4 at about 100 dpi,
where finding markers is as sure as at 200 dpi and takes a quarter of the time."""

CORNER_SHARE = 0.28
"""Share of each side of a scan that is looked at first, at its four corners: markers end at 9 % of
the paper's width, and 5° of skew moves them by 12 %."""

MARKER_ERROR_CORRECTION = 0.6
"""OpenCV's `errorCorrectionRate`; at 1.0 false ids appear (EVIDENCE, Finding the page)."""

MARKER_LEAST_PERIMETER = 0.03
"""Of the picture's longer side: a marker on A4 has 0.11, on A3 glass 0.08."""

MARKER_WINDOWS_QUICK = (15, 15, 10)
MARKER_WINDOWS_THOROUGH = (5, 45, 10)
"""Smallest, largest, step of the adaptive threshold's window, px: a marker's side is 31 px at
100 dpi. Each window costs about 4 ms a page; one suffices for clean pages."""

SIBLING_TOLERANCE = 0.22
"""How far a marker may lie from where another one expects it, as a share of their distance. Phone
perspective makes up to 0.15; A4 upright and lengthways differ by 0.48."""

MISSING_MARKER_REACH_MM = 14.0
"""How far around its expected place a missing marker is searched for."""

MARKER_SIDE_PX = 40.0
"""Side to which a missing marker's surroundings are shrunk."""

# --- finding: blank pages -------------------------------------------------------------------------

BLANK_LONG_SIDE = 880
BLANK_WINDOW = 31
"""Px of the longer side and of the median that stands for paper: 75 dpi, 10 mm."""

BLANK_EDGE = 0.065
"""Share of the longer side that is left out along each edge: 19 mm, where holes and staples are."""

BLANK_CONTRAST = 50
"""Grey levels from which something is darker than paper; print of the back shows through with 10-40."""

BLANK_INK = 2e-5
"""Share of ink from which a page is not blank: 0.8 mm² of A4, one short word."""

# --- finding: identity ----------------------------------------------------------------------------

QR_MM_PER_PX = 0.12
"""Scale at which a code in its known place is looked at: 7 px a module."""

QR_MARGIN_MM = {1: 15.0, 2: 12.0, 3: 5.0, 4: 5.0}
"""By number of markers, how far around its place the code is looked for; 3.5 mm is its white."""

QR_OFF_PLACE_MM = {1: 45.0, 2: 20.0, 3: 12.0, 4: 12.0}
"""By number of markers, how far from its place a code may lie and still be that sheet's own: as far
as so few markers may mislead about it."""

FINDER_REACH_MM = 1.5
"""How far a finder pattern may lie from its place."""

FINDER_SCORE = 0.6
"""Correlation above which a finder pattern is believed: clean ones have 0.9, other modules 0.4."""

SERIAL_SIZE_MM = (40.0, 6.0)
SERIAL_MM_PER_PX = 0.125
"""Size of the serial's surroundings, and a scale at which the line is 48 px high."""

SERIAL_MISREAD = 2
"""Characters of twelve that OCR may have wrong."""

OURS_BY_MARKERS = 2
"""Markers in agreement from which a page without a code is called ours and not just unknown."""

ROOM_FOR_ANOTHER = 0.6
"""Share of a picture up to which known sheets may cover it while others are looked for beside them, more
closely and by their codes alone: two sheets side by side fill a picture by half each."""

# --- finding: registration ------------------------------------------------------------------------

ANCHOR_MM = 8.0
ANCHOR_MM_PER_PX = 0.25
"""Side and scale of an anchor. At 0.25 mm a pixel, places are found to 0.03 mm, and matching takes a
fifth of the time that it takes at 200 dpi."""

ANCHOR_SPACING_MM = 4.0
ANCHOR_GRID = (5, 7)
"""Least distance between anchors; cells of the page of which each gives its best one to the few."""

ANCHOR_LEAST_STRENGTH = 0.03
"""Corner strength of a usable anchor, as a share of the page's strongest: a rule alone has 0.01."""

ANCHOR_SCORE = 0.55
"""Correlation from which an anchor counts as seen: other words of the same face reach 0.45."""

ANCHOR_RADIUS_MM = 2.0
"""How far an anchor may lie from where three or four markers put it."""

MARKERS_FOR_QUICK = 3
FEW_MARKERS = 2
"""Markers from which the page's transform is trusted to `ANCHOR_RADIUS_MM`; up to which the QR code's
corners are worth the time."""

FLAT_MM = 0.2
FLAT_SHARE = 0.97
QUICK_SHARE = 0.6
"""A page is flat when `FLAT_SHARE` of its anchors lie within `FLAT_MM` of one perspective; the quick
way asks that `QUICK_SHARE` of the anchors be seen at all (the rest may be written over)."""

RING_MM = 18.0
FOLLOW_RADIUS_MM = 1.8
FOLLOW_AGAIN_MM = 0.8
FOLLOW_OUTLIER_MM = 1.5
"""Following print outwards: how far ahead of what is known, how far around an expected place, how far
when all of the page is known, and how far from one perspective paper may bend and still shape it."""

RIVAL_WITHIN_MM, RIVAL_BEYOND_MM = 10.0, 1.5
MOST_RIVAL = 0.7
RIVAL_LEAD = 0.08
"""Where an anchor's rival is looked for; how like it the rival may be for the anchor to be followed; and
by how much an anchor's correlation must then beat its rival's."""

TOGETHER_MM = 45.0
STEEPEST_BEND = 0.08
"""Anchors so near to each other must agree but for a slope (mm per mm; curl of 8 mm has 0.05)."""

NEIGHBOURS = 8
NEIGHBOUR_STRAY_MM = 0.5
NEIGHBOUR_OUTLIER_MM = 0.6
NEIGHBOUR_MM = 10.0
PLANE_DAMPING = 3.0
"""By how many neighbours a shift is foretold; at what distance from their common plane they count a
quarter; how far a shift may be from the foretold one; at what distance from the place a neighbour counts
a quarter; and how hard (mm) the plane is held level."""

BEND_SMOOTHING = 1e-3
"""Thin-plate smoothing: an anchor's own error of 0.03 mm is smoothed, a curl of 50 mm radius kept."""

FOLLOWED_BY = 3
UNFOLLOWED_SLOPE = 0.03
"""On bent paper a place is followed by that many recognised pieces of print around it, and may be this far
off, mm per mm, from the farthest of them: of the boxes of curled, crumpled and badly photographed pages
0.4 % are 0.3 mm off where that piece is nearer than 20 mm, a fifth at 30 to 40 mm, most beyond."""

SPREAD_FOR_AFFINE_MM = 15.0
SPREAD_FOR_PERSPECTIVE_MM = 35.0
"""Spread of the known points across their narrower direction (standard deviation) from which they can
tell shear, and perspective."""

LEAST_ANCHORS = 8
LEAST_ANCHOR_SHARE = 0.3
SETTLED_SHARE = 0.75
"""Anchors without which a page is not put straight: half a page torn off leaves half of them. The
larger share is asked where there is still another way to try."""

ANCHOR_EDGE_MM = 2.0
"""Paper's edges are torn and shadowed: no anchor touches them."""

# --- finding: looking at regions and fields -------------------------------------------------------

PATCH_OVERSAMPLING = 1.6
"""Scan px per patch px above which a shrunk copy of the scan is sampled instead: linear sampling
skips pixels beyond 2, and 1-bit scans turn to noise well before."""

ALIGN_RADIUS_MM = 1.5
"""How far a field is searched around its registered place: below half of the narrowest row pitch
(5.8 mm), or the search locks onto the next row (EVIDENCE, Finding the page)."""

ALIGN_RADIUS_FLAT_MM = 0.5
"""The same where the page is known to lie flat: only what the anchors' own error leaves."""

ALIGN_LOST = 0.3
ALIGN_SURE = 0.5
"""Correlation below which a field's print was not recognised (covered, torn off, not on the scan), and
from which it may move the field: a frame without words around it finds some likeness anywhere."""

ALIGN_MARGIN_MM = 3.0
"""Print around a field that is matched with it: the labels beside and the rows above and below."""

ALIGN_LEAST_GAIN = 0.04
"""Gain in correlation below which a field stays where the registration put it: noise and pen
strokes move the maximum by about as much."""

# --- reading: ink ---------------------------------------------------------------------------------

PRINT_IN_PLACE = 0.8
"""Share of a field's print that must be where the page's registration says; below, the field is matched
by itself, which takes 10 ms."""

PAPER_MM = 9
"""Width, mm, of the surroundings whose whitest spot is the paper: a filled box (5 mm with its overrun) has
white around it, while the shade of a fold or the grey of a stain counts as paper."""

PRINT_PLAY_PX = 1
"""Px of the blank (0.127 mm) by which print may lie beside its place without counting as ink: half the
width of a scanned stroke; fields are aligned to better than that."""

COARSE_PX_PER_MM = 6.7
"""Scan px per mm (170 dpi) below which print is blurred by one more px of the blank: pictures sent by
messenger have 110 to 170 dpi (domain.md §4)."""

SPREAD_DARKNESS, SPREAD_SHARE, MOST_SPREAD_PX = 0.15, 0.08, 2
"""Darkness from which a px beside print belongs to a line that came out broad; share of such px beyond the
usual play, over that well beyond, from which print has spread there: of 60 office pages 57 have below
0.04, those in black and white with dot gain 0.1 to 0.25; and px beyond which it is something else."""

PRINT_AROUND_MM = 1.0
"""How far around a field its printed lines are looked for, mm."""

PRINT_TO_FIND_MM2 = 2.0
"""Print from which it says something whether it is there, mm²: 8 mm of a ruled line."""

PRINTED_GREY = 190
"""Grey of the blank page below which a pixel counts as printed: rules are printed at 153, words at 115."""

PRINT_GAIN_RANGE = (0.5, 2.2)
"""How dark print may come out against the blank page: a pale copy, or 45 % grey copied to solid black."""

PRINT_GAIN_PERCENTILE = 75.0
"""Of the printed pixels' darkness: above the middle, because half-covered edges pull the middle down."""

BARE_GREY = 250
"""Grey of the blank page from which nothing is printed, the palest rule included."""

RULED_GREY = 225
"""Grey of the blank page below which a pixel belongs to a printed line, its soft edge included."""

RESIDUE_PX, RESIDUE_ON_PRINT = 5, 0.75
"""Thickness in px of the blank (0.64 mm), and share on or beside print, of what is left of a line: a pen's
stroke that follows a ruled line so closely is not writing."""

LEAST_EXPECTED = 60.0
"""Grey below which print is too dark to show a pen on it (markers, headings, 1-bit copies), 0–255."""

LEAST_PAPER = 50.0
"""Brightness of the whitest spot around a place below which no paper is there, 0–255: dark photographs
have 70 and more, lids and cloth below 40."""

LEAST_DARKNESS = 0.10
"""Share by which a spot must be darker than expected to count as ink: faint pencil on white is 0.15 to
0.3, JPEG's ringing at 75 % quality below 0.08."""

NOISE_SIGMAS = 4.0
"""Ink must also be this many standard deviations of the paper's noise darker, after smoothing."""

MOST_FLOOR = 0.2
"""Darkness that always counts as ink, however noisy the scan: pencil must not drown unseen."""

FAINT_DARKNESS, FAINT_SIGMAS = 0.045, 6.0
"""As `LEAST_DARKNESS` and `NOISE_SIGMAS` for ink that is not read and still keeps a place from being called
blank: pencil that people can read has 0.05 and more, clean paper below 0.025 in 98 of 100 spots."""

FAINT_MM, FAINT_THICK_MM, FAINT_THROUGH, FAINT_BESIDE_PRINT_MM = 1.5, 2.0, 0.85, 0.3
"""Of faint strokes: the least length, and the most thickness, mm; the share of a place's height or width that
only streaks and creases run through; and how far from print they are looked for, mm: nearer, JPEG rings."""

FAINT_LINE = 0.6
"""Share of the bare paper along a row or column of a patch two boxes wide from which a faint line runs
through all of it: creases and streaks show in pieces, and no mark reaches beyond its box on both sides."""

# --- reading: lines across the page ---------------------------------------------------------------

LINE_DARKER = 0.015
"""Share by which a line of dust or a crease is darker than both its sides, averaged over a millimetre: a
line of 0.1 mm at half the paper's brightness takes 0.05, one at four fifths 0.02."""

LINE_PRINTED, LINE_HEAVY = 0.1, 0.45
"""Share of a square mm that is printed, from which it tells how dark print came out on this page; and from
which, in or next to it, nothing is looked for: words and frames."""

LINE_OF_PRINT, LINE_RULE = 0.15, 0.005
"""Share of print's darkness that may remain unexplained: blur, and paper that is not quite in place; and by
how much a printed rule is darker than both its sides, as a share of a square mm."""

LINE_LENGTH, LINE_BARE = 0.55, 0.4
"""Share of the unprinted page along it on which a line must show, and the least share of the page that
must be unprinted there to say so."""

LINE_MARGIN_MM = (3.0, 13.0)
"""Where in the margin a line must show at one of its ends, mm from the paper's edge."""

LINE_SLANT_MM = 8.0
"""How far a crease may lean from edge to edge of the page, mm: 1.5 degrees; streaks lean as the page does."""

LINE_REACH_MM = 3.0
"""How far a line may lie from where it was seen at 1 px per mm: creases have a broad shadow beside them."""

LINE_HALF_MM, LINE_WINDOW_MM = 0.9, 12.0
"""Half the width that is lightened, and the length over which a line's darkness is taken as one, mm."""

LINE_KEEPS = 0.15
"""Least share of the paper's brightness that a line is taken to leave: below, nothing could be given back."""

# --- reading: marks -------------------------------------------------------------------------------

QUICK_INSIDE, QUICK_RING = 0.004, 0.03
"""Share of inked pixels, in a box and in the ring around it, from which it is looked at closely: in the
box 3 px of 676, a dot of 0.2 mm. Looking costs 1 ms, missing costs an answer."""

QUICK_PRINT = 0.7
"""Share of a box's frame that must be where it was printed; below, the field is aligned first."""

FRAME_IN_PLACE = 0.95
"""Share of a box's frame from which its own alignment is searched for within 2 px only."""

OFFSET_REACH_PX = 4
"""Reach of a box's own alignment: 0.5 mm; half the gap between a box and its words."""

LOOK_TRUST = 0.7
"""Weight of what the network that sees the patch says against the one that sees the stroke's features."""

# --- reading: digits and text ---------------------------------------------------------------------

CELL_INSET_MM = 0.5
"""From a cell's line to what counts as inside when asking whether anything is written: the line and its
play, and the strokes that a neighbour's digit may send over it."""

DIGIT_DUST_MM2 = 0.12
"""Ink in a cell below which it is empty, mm²: a speck of 0.35 mm."""

DIGIT_LEAST_MM2 = 0.4
"""Ink from which a cell is written in, mm²: a 1 of 2 mm by a fine pen of 0.2 mm."""

COMB_BEYOND_MM = 6.0
"""How far beyond the looked-at surroundings of a comb strokes that leave it are followed, mm: a line of the
form."""

DIGIT_ABOVE_MM2 = 0.5
"""Ink close above a cell from which a digit may be written there instead, mm²: of 11 numbers corrected like
this 9 have more than 1, of 500 others one has 0.4."""

TAIL_ENTERS_MM, TAIL_BEYOND_MM, TAIL_SLENDER, TAIL_STEEP = 1.6, 9.0, 0.2, 0.5
"""Of a straight stroke in a cell that may be the tail of a tick below: how near to the cell's lower line it
ends, how far beyond it the tick is looked for, mm, how slender it is, and how steep its way (1: upright)."""

TAIL_ASIDE_MM, TAIL_ARM_MM, TAIL_ALIKE = 1.4, 4.0, 0.9
"""How far beside that line the tick's upper end may be, mm; how much of the tick from there on tells which
way it goes, mm, and the cosine of the angle by which that may differ: 26 degrees."""

DIGIT_ASIDE = 0.3
"""How far the middle of a digit may be from its cell's, in cells, for the blank cell beside it to mean a
left-out zero: else the other digit may stand between the cells."""

STREAK_STRAYS_MM = 0.4
"""How far to the side a scanner's streak may be above and below a cell of where it is within, mm."""

DIGIT_SPECK_MM2 = 0.05
"""Connected ink below which it is left out of a digit, mm²: dust and what is left of cell lines."""

DIGIT_LEAST_MM = 2.6
"""Height below which a digit is not enlarged to the model's size, mm: written digits are 3 mm and more,
blots are not."""

STROKE_IS_LEVEL, STROKE_COMES_IN = 0.5, 0.8
"""Share of a stroke that must lie at the height of the cells, and between the first and the last of them:
what the next line sends over does not; and of one that comes in from farther beside them than is seen."""

COMB_INK = 0.02
"""Share of a number's place from which ink that belongs to no cell is not called blank: of 6,700 blank ones
none had as much, a digit has 0.1 and more."""

TOUCHING_CELLS, TOUCHING_SHARE, PARTED_CELLS = 1.25, 0.25, 0.45
"""Width in cells from which a stroke may be two digits that touch, the share of it that the second cell
must hold, and how far from the line between the cells, in cells, they may be parted."""

CROP_MARGIN_MM = 0.8
"""White around a crop: tight crops read better (EVIDENCE, OCR engines)."""

TEXT_ABOVE_MM, TEXT_BELOW_MM, TEXT_BESIDE_MM = 2.0, 2.5, 1.0
"""Room around a writing line that is read with it: tall strokes and what hangs below the rule."""

TEXT_LEAST_MM2 = 1.0
"""Ink below which nothing is written, mm²: 一 of 4 mm by a pen of 0.3 mm has 1.2."""

TEXT_SPECK_MM2 = 0.06
"""Connected ink that is dust, not the dot of a character, mm²: a dot has 0.1 and more."""

TEXT_TALL_LINES = 1.45
"""Height, in lines, from which a stroke belongs to more than one line and is cut between them."""

TEXT_DRIFT_LINES = 0.38
"""How far writing may leave its ruled lines, in lines, before they are taken for the next."""

TEXT_HANGS_LINES = 0.06
"""How far writing on a rule hangs below it on average, in lines."""

UNREAD_HEIGHTS, UNREAD_SHARE = 0.9, 0.12
"""Distance from everything read, in heights of the line's crop, from which ink counts as passed over, and
the share of inked columns that makes a word: one of six characters."""

STRUCK_MM = 30.0
"""Length from which a line strikes out a block, mm: joined-up characters reach 25."""

STRIKE_ROUGH_MM = 0.15
"""How far a line that strikes out may be from an even curve over a centimetre where it is evenest, mm: of 60
such lines all have 0.07 and less, but one through digits 0.11; strokes of characters that were taken for
one had 0.19 to 0.25."""

STRIKE_BESIDE_MM = 8.0
"""Length from which another line in a field that is struck out belongs to what strikes it out, and how far
beside the field it may lie, mm."""

STRIKE_ENDS_MM = 6.0
"""How far beyond the end that is seen a strike may go on across printed words, mm."""

STRIKE_RUN_MM, STRIKE_PIECE_MM, STRIKE_SLOPED_MM, STRIKE_SEED_MM = 2.0, 0.75, 2.5, 6.0
"""Of a line that strikes out a block: how high its ink may stand in one column, which allows 1.1 mm of ink at
55 degrees, or a broad pen at 40 in black and white; the shortest piece of it that counts between printed
words; from which length a piece has a slope of its own, and from which a line is followed, mm."""

STRIKE_AHEAD_MM, STRIKE_OFF_MM, STRIKE_STRAYS, STRIKE_TURNS = 10.0, 0.7, 0.08, 0.35
"""Where such a line goes on: looked ahead from so much of it, mm; how far beside it may be found, mm, and
more for every mm that is bridged; by how much its slope may have changed."""

STRIKE_BEYOND_MM, STRIKE_CROSSES_MM, STRIKE_CANCELS_MM = 4.0, 3.0, 14.0
"""How far beyond the blocks of a page lines are followed; how much of one in a field is about it, and in a
block about all of it, mm: half of a month and a day."""

STRIKE_LIFTED_MM, STRIKE_HIDDEN_MM, STRIKE_CROSSING_MM = 3.0, 14.0, 50.0
"""How far a line may be off the paper, hidden by print, or lost in another that crosses it, mm."""

STRIKE_SEEN, STRIKE_ON_RULES = 0.4, 0.4
"""Share of a line that must be seen by itself; share of it that may lie on printed rules."""

STRIKE_MM, STRIKE_ENTERS_MM, STRIKE_CROSSED_MM = 14.0, 6.0, 30.0
"""Length from which a stroke may strike out, when it comes in from beside the field, and from which two may
cross, mm. 一 is 8 mm long and has room at its ends."""

STRIKE_SINGLE, STRIKE_THICK_MM = 0.93, 1.3
"""Share of its columns in which it is no more than that line or two, and how broad a line may be, mm: joined
writing of this length has loops, and strokes above each other."""

LEVEL_LENGTHS_MM = (8.0, 10.0, 12.0, 15.0, 20.0)
"""Lengths of level strokes that are told apart, mm."""

STRUCK_LEVEL_MM = 12.0
"""Length of a level stroke among characters from which some may be struck out, mm: more than any one
character is wide. Joined-up writing has one in 1 of 12 fields, simulated strike-outs had one in 7 of 7."""

TEXT_BELOW_LINES = 0.2
"""How far below the last rule, in lines, the middle of a stroke may lie: commas and hooks of writing that
hangs."""

UNUSUAL_CHARACTER = 0.02
"""Weight of a character outside GB 2312: handwriting is often read as its traditional form."""

VOCABULARY_KEPT = 5
"""Words of a list kept with a reading, best first, for the clerk to choose from."""

ABOUT_WORDS_MM = (1.2, 1.6, 2.2)
"""Beside, above and below an option's words: there a ring around them, or a line under them, is drawn, mm."""

AROUND_SPECK_MM2 = 0.1
"""The least piece of ink that counts, mm²."""

ON_WORDS = 0.6
"""Share of a stroke in that room from which it is about the words."""

MOSTLY_ON_WORDS = 0.4
"""Share of a stroke on the words themselves from which it is about them though it runs out of the picture."""

MARK_IN_BOX = 0.1
"""Share of a stroke within a box from which it is that box's own mark; a ring around words touches it."""

BLACK_PRINT_GAIN = 1.7
"""Darkness of print over the blank's from which grey words came out black: scans in black and white."""

WIDER_THAN_TICK_MM = 10.0
"""Width of a stroke that is more than the mark of one box, mm: ticks are up to two boxes wide."""

AROUND_RESIDUE_PX = 3
"""Thickness, in px of 0.25 mm, of what may be left of printed words; a mark across them is broader."""

WORDS_MARGIN_MM = 3.5
"""Looked at around the words, mm: what reaches farther is not about them."""

WORDS_INK_PX = 3
"""Pixels of 0.2 mm with ink from which a network looks at an option's words: less is no mark."""

DOT_MM, MOST_DOTS = 1.6, 2
"""The largest that a dot of dirt is, mm, and how many of them alone on an option's words are no mark: lines
under words and rings around them are 4 mm long and more, whatever a copier leaves of them."""

PAPER_EDGE_MM = 8.0
"""Strip along the paper's edge that is not looked at for marks, mm: shadows, the edge itself."""

# --- reading: judging -----------------------------------------------------------------------------

DOUBTFUL = 0.9
"""Confidence below which a reading carries words of doubt, and is accepted by no threshold."""

CONTRADICTED = 0.3
"""Most confidence in a value that breaks a rule, or has a rival marked as clearly."""

UNEXPLAINED = 0.7
"""Most confidence that a question is unanswered while ink of unknown meaning is in or beside its boxes."""

HIDDEN = 0.5
"""Most confidence in a field whose print was not found where it should be."""

PRINT_MISSING = 0.35
"""Share of a box's frame below which it counts as covered or torn off."""

PRINT_WHOLE, PRINT_BROKEN, STRONGER_THAN_PRINT = 0.95, 0.7, 0.5
"""Share of the print where nothing is written, of a page and of one field, below which writing may be lost
with it: of 10 answers of worn pages that were taken for blank and accepted, 9 were on such pages, as are 5 %
of what is blank there. And how dark a page's marks or digits are from which they are stronger than print."""

RESIDUAL_MM = 0.9
"""Distance from its place above which a field may have been read beside it, mm."""

STRAY_FILL = 0.012
"""Share of a box's inside: ink from which an empty box is not called empty without a person: 8 px of
676, a dot of 0.35 mm."""

FAINT_FILL, FAINT_MM2, FAINT_PEN, FAINT_BOXES = (0.02, 0.5), 0.8, 0.3, 6
FAINT_QUESTIONS, FAINT_BLOCK = 2, 3
"""Share of a box's inside with faint strokes (what covers more is a shade), and mm² of a place to write,
from which a person looks at what would be called blank, unless the page's pen is darker than that: then they
shine through from the back. And how many such boxes of a page show that blocks may be filled in as faintly:
shades and print of the back made up to 4 on office pages, pencil that a copy had all but lost 25; or how many
such questions of one block that these are answered, and that all of its questions may be."""

SURELY_STRAY = 0.97
"""Probability of being no mark from which ink in a box of an unanswered question needs no person."""

COVERED_FILL = 0.9
"""Share of a box's inside from which ink that is no mark hides whatever is under it."""

BLOT_FILL = 0.15
"""Share of a box's inside from which ink that is no mark makes marks next to it doubtful: a tick has that."""

BLOCK_QUESTIONS = 3
"""Questions of a repeated block from which nobody answers one alone: on worn pages 9 of 13 boxes that were
wrongly taken for marked stood beside nothing that was sure."""

UNREAD_INK = 0.01
"""Share of a place to write from which ink that no engine can read may be writing: dust and hairs have up to
0.003, three characters on two lines have 0.01."""

SURE_BESIDE = 0.98
"""Confidence from which another answer of a block shows that the block is used."""

STRAY_ALONE, AROUND_ALONE_MM2 = 0.8, 2.5
"""As `SURELY_STRAY` and `AROUND_MM2` where nothing else of a block is answered: of 38 answers given on the
words the smallest had 2.3 mm², none of them alone."""

PASSING_REACH = 2.7
"""Length, in boxes, of the part of a stroke within the close patch (3 boxes) from which it passes through:
a long tick reaches 2.5."""

WORDS_MAY_BE_MARKED, WORDS_MARKED = 0.1, 0.5
"""Probabilities from which people are asked about an option whose words may be marked, and from which it is
proposed, or asked about where nothing else of a block is answered: 66 such options of 1,200 simulated pages
have 0.7 and more; of 12,000 other questions that are clear, one has 0.1."""

AROUND_MM2 = 0.8
"""Ink on the words of an unanswered question from which someone asks why, mm²: a ring around two characters
has 8, a line under them 3, of a tick across them 1 is left beside the print; dust has 0.1."""

CROSSING_MM, CROSSING_GAP_MM, CROSSING_SLANT, CROSSING_PIECE_MM, CROSSING_FILL = 100.0, 6.0, 0.3, 10.0, 0.12
"""How long a line must be that crosses a page out, how far print may hide it, mm, how steep it must be, mm
per mm, either way; how far across and down its longest piece must reach to be looked for, mm, and the share
of that room that the piece inks at most."""

CROSSING_THICK_MM = 2.5
"""How broad such a line may look, mm: where a page's strokes are looked at, one of 0.6 mm has 1.8."""

BESIDE_REACH_MM, BESIDE_MM2, BESIDE_MM = 1.6, 0.4, 1.8
"""How far from a box's frame a stroke that goes through no marked box asks about it, mm; the least that such
a stroke has, mm² (a tick of 2.5 mm by a fine pen has 0.5), and its length, mm."""

BOX_INSET_MM = 0.5
"""From a box's frame to what lies in it, where all of a page's strokes are looked at, mm: the frame's line
and its play."""

LONGER_THAN_MARK_MM = 36.0
"""Length from which a stroke is more than a mark, mm: of 16,700 office questions 4 have one as long, in
black and white, where print joins what lies beside it; of 2,470 marks on worn pages, where lines and stains
touch them, one in 300."""

SPECK_MM, SPECK_LIKE, SPECKS_TO_DOUBT, SPECK_REACH = 4.0, 1.0, 5.0, 0.6
"""The longest that a speck is, mm; share of a mark's ink from which a speck is like it; how many such specks
on a page make a mark doubtful, and how long, in boxes, such a mark is at most: ticks have 0.75 and more."""

TICKS_REACH, DOT_HOLLOW, DOT_SLENDER = 0.75, 0.1, 0.4
"""Length of a page's marks in the middle, in boxes, from which a dot is unlike them; and the bare share of
the hull of a dot, and how thin it is for its length (`ingest.strokes`), at most: of 24 ticks that are as
short, one is below both."""

MARKS_FOR_SHADE, PALE, RING_SIDES = 3, 0.5, 0.8
"""Marks on a page from which their usual darkness is known, and the share of it below which a mark is
suspected to shine through: pens vary by a fifth, the other side shows at a third. Of a ring, which
has ink on so many of eight sides of its box, nothing can be said."""

CELLS_TO_FADE, DIGIT_READ, DIGITS_LOST = 20, 0.8, 0.1
"""Cells with ink on a page, the probability of a digit from which one is read, and the share of these below
which marks may be lost as well: so looked one of 5,000 pages, of whose pencil a copier had left dots, and two
whose marks were seen."""

RING_MAY_BE = (0.5, 0.01)
"""Sides of an empty box with ink, and probability that it is marked, from which it may be ringed: so looked
two rings of pencil in black and white, and 2 of 16,500 other questions; 11 of 5,800 on worn pages."""

HEAVY_FILL = 0.5
"""Share of a box's inside: a tick covers 0.05 to 0.3, a cross to 0.4, a filled box 0.6 and more."""

SOLID, SURELY_SOLID = 0.02, 0.5
"""Probability of a solid fill that the marks of someone who fills have, and from which nobody takes them for
crosses: as heavy ones have below 0.001, but of a pen of 1.2 mm, up to 0.3."""

SCRIBBLED, SPRAWLING = 2.0, 1.25
SPRAWLING_FILL, SPRAWLING_RING = 0.4, 0.15
"""How many times the usual ink of a page's marks one must have in its box to be scribbled out; less is
enough where there is as much around the box, too: 13 of 3,640 marks are like that, and 17 of 28 scribbles and
pieces of seals that were taken for marks."""

LONE_FILL, LONE_FILL_OF_FILLER, LONE_FILL_OF_TICKER = 0.9, 0.9995, 0.6
"""Probability that a solid box alone is an answer: by a stranger, by someone who fills elsewhere on the
page, by someone who ticks there (who rather deleted it and forgot to choose again)."""

FILL_CANCELS, FILL_CANCELS_OF_FILLER = 0.998, 0.5
"""Probability that a solid box beside a marked one was deleted: the form asks for just that; of someone
who fills all boxes nobody knows."""

LONE_FILLS_TO_DOUBT = 2
"""Questions answered with nothing but a solid box from which someone may fill and tick by turns."""

RATHER_MARKED, MARKS_TO_FADE, FADING = 0.5, 3, 0.15
"""Probability from which a box is rather marked than not, how many such boxes tell how ink came out on a
page, and the darkness that a quarter of them must reach: else a copier has nearly lost the ink, and nothing
is called unanswered without a person. Copiers left 0.10 to 0.14 of pencil; light pencil has 0.17 and more,
pens have 0.4."""

TRACE_FILL, TRACES = 0.012, 3
"""Share of a box's inside with faint ink from which it is a trace, and how many boxes with one show, beside
digits that are nearly lost, that marks are: where a copier had lost 12 there were 6, on pages of pale pencil
without any marks up to 2."""

BLANK_ERROR = 0.0005
"""Probability that a field without ink was written in after all: correction fluid, dried-out pens."""

SPECKS = 0.9
"""Probability that a comb with a little ink is empty."""

READER_FLOOR = 1e-3
"""Probability that each reader leaves to every digit, whatever it thinks of itself."""

CELL_TRUST, STRIP_TRUST = 0.8, 0.8
"""Weight of each reader's log probabilities: below 1, for both stumble over the same bad digits."""

STRIP_NO_DIGIT = 0.01
"""What the strip reader, which always says a digit, is taken to say of 'no digit'."""

ONE_READER = 0.5
"""What a reader that could not read is taken to say: a digit that only one has seen is not accepted."""

STRINGS_WEIGHED = 60
"""Digit strings that are weighed against each other."""

UNLAWFUL = 0.01
"""Weight of a number that breaks its field's rule: people do write wrong dates and numbers."""

MISCOUNTED = 0.9
"""Most confidence in a number when the engine reads more characters than cells are written in."""

NOT_READ = 0.05
"""Confidence that a field with ink, of which nothing could be read, is blank."""

MOST_CHARACTER = 0.9995
"""Most that a character's score may say; PP-OCR gives wrong ones 0.97 and more (EVIDENCE)."""

CHARACTER_SURE = 0.8
"""Score below which a character is pointed out: catches 75 % of the wrong ones (EVIDENCE)."""

TRACE_TRUST = 0.35
"""Weight of the engine's log probabilities when words of a list are compared: neighbouring steps repeat
each other's evidence."""

NOT_ON_LIST = 0.9
"""Most confidence in words that the field's list lacks: people write what is not on it, but seldom."""

OTHER_LENGTH = 0.9
"""Most confidence in a word of the list that is longer or shorter than what was read."""

OUTSIDE_LIST, OUTSIDE_LIST_PER_CHARACTER = 3.0, 1.5
"""Log odds against a word that the list lacks, and per character of it."""

SIGNATURE_BEYOND_MM, STROKE_IS_INSIDE = 6.0, 0.5
"""How far around a place to sign its strokes are followed, mm, and the share of a stroke that must lie in
the place for it to be the place's own."""

SOFT_EDGE = 0.11
"""Slope of ink at its edge, as a share of its darkness per px of 0.127 mm, below which it is no pen's: rims
of stains and shades of folds have 0.02 to 0.1, pens on blurred photographs 0.12 and more, on scans 0.2."""

RULE_GAP_MM, RULE_LENGTH_MM = 0.75, 4.0
"""Half of the gap that a printed rule, with the play of its place, may leave in a stroke across it; and how
long print is that counts as a rule, mm."""

SIGNATURE_AROUND_MM = 20.0
"""How far around a place to sign it is asked how soiled the page is, mm."""

SIGNATURE_MM2, SIGNATURE_ACROSS_MM = 10.0, 3.0
SIGNATURE_SOLID, SIGNATURE_EDGE, SIGNATURE_DARK, SIGNATURE_SOILED = 0.85, 0.15, 0.2, 0.22
"""What a signature hardly is: less ink than that, mm²; narrower across the main direction of its largest
stroke, mm; a larger share of that stroke's convex hull; softer at its edge (as `SOFT_EDGE`); paler than that
share of the paper's brightness; and with more loose ink around than that share of its own, place for place.
Of 860 signed places of simulated worn pages none had less ink than 20 mm² or a softer edge, 8 were narrower,
2 % more solid, 1 % paler and 3 % more soiled around. On heavily soiled pages of an independent simulator 21
of 150 unsigned places were taken for signed before: by hairs, creases, blots, rims of stains, and print of
the back or of other sheets."""

SIGNED_MOST = 0.45
"""Share of ink above which a place is black rather than signed: of 2,700 signed ones 4 had more."""

SIGNED_INK, SIGNED_SLOPE = 0.004, 4.0
"""Share of the place that is ink in a signature: the least flourish has 0.015, dust 0.001; and how fast
sureness grows with the distance from the border (log odds per factor e)."""
