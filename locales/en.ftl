
## api: problem titles by status
problem-400 = The request cannot be understood
problem-401 = Sign in first
problem-403 = Not allowed
problem-404 = Not found
problem-405 = This method is not offered here
problem-409 = The situation has changed
problem-413 = Too large
problem-415 = Unknown form
problem-422 = The request cannot be carried out
problem-500 = Something failed
problem-503 = Not available now

## api: refusals
error-body-too-large = The request is larger than { $limit_bytes } bytes.
error-cross-site-request = A change with the session cookie must come from this page itself.
error-crs-missing = The coordinates came without their coordinate system.
error-database-away = The database does not answer now. Nothing was lost.
error-form-invalid = The request does not have the right form: { $fields }.
error-idempotency-key-invalid = An Idempotency-Key has 1 to 255 visible characters.
error-idempotency-key-missing = The Idempotency-Key header is missing.
error-internal = Something failed that should not have. Incident { $incident }.
error-not-allowed = The role { $role } may not do this: { $action }.
error-not-authenticated = This needs a token or a session.
error-not-found = There is nothing at { $path }.
error-settings-unreadable = The settings file { $path } cannot be read.
error-unknown-parameter = Unknown query parameters: { $unknown }. Known here: { $known }.
error-layer-unknown = No such layers: { $unknown }.
error-point-invalid = The point must be given as longitude,latitude in degrees.

## api: hints
hint-agency-not-connected = This agency is not connected here; add it to the agencies file.
hint-send-bearer-token = Send a token in the Authorization header, or sign in on the page.
hint-send-idempotency-key = Send a fresh random value, and the same one when you repeat the request.
hint-token-not-live = The token is unknown, expired or revoked.

## web: the page
ui-about = about
ui-actions = Actions
ui-added = Added
ui-agency = Company
ui-agreement = Agreement with the other layers
ui-agreement-limit = From { $distance } on, a delivery is held for a decision.
ui-agrees = The layers agree.
ui-agrees-within = Agrees within { $distance }.
ui-all-findings = all findings
ui-anchors = Points
ui-anchors-both = { $here } here, { $there } there
ui-and = {" and "}
ui-and-more = and { $count } more
ui-answered-at = Answered
ui-applicant = Applicant
ui-applicant-name = Full name
ui-apply-all = Same for all
ui-approve-automatic = The permit will also demand
ui-approve-extra = Further conditions
ui-approve-extra-hint = One condition on each line.
ui-approve-violations = Each violation needs a remedy and its reason
ui-area = Area
ui-as-of = True on
ui-ask-accept = The delivery is published as it came, although it does not lie where the other layers say it should.
ui-ask-approve = The permit is issued, and in the same step every company receives its connection order and the change to the construction tariff, all with one effective date.
ui-ask-complete = The works are finished: the companies return the parcel to its permanent tariff on one common date.
ui-ask-correct = The delivery is published moved by this correction, as a new delivery that remembers it and can be taken back.
ui-ask-defer = The connection of this company is put off; the permit and the other companies go on without it. Its tariff change stays.
ui-ask-refuse = The request is refused. The applicant sees the reason.
ui-ask-refuse-delivery = The delivery is refused; the layer stays as it is. The owner sees the note.
ui-ask-retry = The orders are sent to the companies again, as a new attempt with a new effective date.
ui-ask-revoke = The permit is taken back and the tariffs return. The applicant sees the reason.
ui-ask-rollback = What the layer showed before is published again, as a new delivery. Nothing is erased.
ui-ask-withdraw = The request is withdrawn; no permit is issued.
ui-asked-at = Asked
ui-assumed = Assumed:
ui-at-places = ({ $count ->
    [one] at { $count } place
   *[other] at { $count } places
})
ui-attempts = { $count } attempts
ui-becomes = becomes
ui-buildings = Buildings
ui-cancel = Cancel
ui-case-parts = Parts of the case
ui-certificate-no = Completion certificate number
ui-changed = Changed
ui-changes = Changes
ui-changes-against = Against delivery { $number }.
ui-changes-filter = Kind of change
ui-changes-none = Nothing was added, changed or removed.
ui-changes-not-listed = { $count ->
    [one] { $count } more change is counted but not listed.
   *[other] { $count } more changes are counted but not listed.
}
ui-choose = Choose…
ui-city = City
ui-city-time = Times in
ui-class = Class
ui-close = Close
ui-code-list = { $count ->
    [one] code list, { $count } word
   *[other] code list, { $count } words
}
ui-column = Column
ui-comma = {", "}
ui-company-proposes = company proposes
ui-compared-all = { $count ->
    [one] { $count } comparison
   *[other] All { $count } comparisons
}
ui-compared-with = Compared with: { $layer }
ui-conditions = Conditions
ui-connection = Connection
ui-consultations = Inquiries
ui-consultations-none = No company was asked.
ui-contact = Contact
ui-conversions = Conversions
ui-corners = { $count } corners
ui-corners-none = No outline yet.
ui-count-cases = { $count ->
    [one] { $count } case
   *[other] { $count } cases
}
ui-count-features = { $count ->
    [one] { $count } feature
   *[other] { $count } features
}
ui-cover = Cover
ui-cover-unknown = { $count ->
    [one] The depth of { $count } feature is not known.
   *[other] The depth of { $count } features is not known.
}
ui-credits = Data credits
ui-decide-by = All companies must accept by
ui-decided-at = Decided
ui-decided-by = Decided by
ui-decision = Decision and permit
ui-defer-which = Which connection?
ui-delivered = delivered
ui-deliveries = Deliveries
ui-deliveries-none = Nothing has been delivered yet.
ui-delivery-no = Delivery { $number }
ui-delivery-outcome = Outcome
ui-delivery-running-how = This page follows by itself. Until it is published, the map stays as it is.
ui-delivery-steps = How far the delivery has come
ui-depth = Depth
ui-diameter = Outer diameter
ui-do-accept = Publish as it is
ui-do-approve = Approve
ui-do-complete = Register completion
ui-do-correct = Apply the correction
ui-do-defer = Put a connection off
ui-do-deliver = Deliver
ui-do-preview = Check without publishing
ui-do-refuse = Refuse
ui-do-refuse-delivery = Refuse the delivery
ui-do-retry = Try again
ui-do-revoke = Revoke the permit
ui-do-rollback = Take back
ui-do-withdraw = Withdraw
ui-downloads = Take the layer away
ui-downloads-guarded = A sensitive layer is not handed out as a file.
ui-downloads-how = The layer as it is shown now. GeoJSON in WGS 84, the others in the city’s own coordinate system.
ui-downloads-none = No files are offered for this layer.
ui-draw-clear = Clear
ui-draw-finish = Finish
ui-draw-footprint = Building’s footprint
ui-draw-how = The footprint of the parcel’s building is taken first. Draw another outline on the map if the dig differs.
ui-draw-now = Click the corners on the map in order, then press Finish.
ui-draw-start = Draw on the map
ui-draw-undo = Undo corner
ui-drop-here = Drop a file, or the parts of one, here, or
ui-due = Due
ui-each-violation = Set each one apart
ui-effective-at = Effective date
ui-empty-filter = No case matches
ui-empty-filter-how = Change the search or the status.
ui-empty-list = The worklist is empty
ui-empty-list-how = Register a request, or click a parcel on the map.
ui-error-code = Code:
ui-error-offline = The server does not answer. Check the connection; nothing you entered is lost.
ui-error-unknown = The server refused the request (status { $status }). Please read the case again and repeat.
ui-excavation = Excavation
ui-features = Features
ui-features-good = Good
ui-features-read = features read
ui-features-refused = Refused
ui-features-repaired = Repaired
ui-file = File
ui-file-choose = choose one
ui-file-empty = The file is empty.
ui-file-formats = GeoPackage, GeoJSON, Shapefile (all its parts, or a zip), DXF, KML, GML, CSV, GeoParquet, FlatGeobuf
ui-file-kind = There is no reader for files of this kind.
ui-file-other = Another file
ui-find = Find
ui-finding-plain = No further explanation.
ui-findings-clear = { $count ->
    [one] { $count } line is clear
   *[other] { $count } lines are clear
}
ui-findings-how = Choose a finding to see it on the map.
ui-findings-none = No network lies near the excavation in the layers that we have.
ui-fresh-for = counts as fresh for { $days } days
ui-freshness-title = How recent the layer’s data are
ui-gate-failed = The page could not be opened
ui-gate-hint = The server prints this address with a one-time token when it starts.
ui-gate-how = Open the address that the server printed, or enter your access token here.
ui-gate-title = Please sign in
ui-gate-token = Access token
ui-has-changed = Against what was shown before
ui-held-how = It does not lie where the other layers say it should. The map stays as it is until somebody decides.
ui-history-how = Each entry carries the hash of the one before it: nothing can be changed or removed unnoticed.
ui-horizontal = Horizontal
ui-how = How
ui-incremental = Only what came or changed
ui-incremental-how = What the file does not hold stays. A row marked _deleted takes its feature away.
ui-inside = { $distance } inside the dig
ui-inside-short = inside { $distance }
ui-issues = Issues
ui-issues-how = Choose a case to see its place on the map.
ui-issues-none = Nothing was found to report.
ui-issues-not-listed = { $count ->
    [one] { $count } more is counted but not listed.
   *[other] { $count } more are counted but not listed.
}
ui-kind = Kind
ui-late-layers = Not up to date:
ui-layer = Layer
ui-layer-guarded = Not shown to your role
ui-layer-none = This city has no such layer:
ui-layers = Layers
ui-layers-held = { $count ->
    [one] { $count } delivery waits for a decision.
   *[other] { $count } deliveries wait for a decision.
}
ui-layers-how = Each agency answers for its own layers. Open a layer to see its deliveries, or to deliver a new file.
ui-legend-case = In the case
ui-legend-closer = Sewer, telecom, cables and service lines appear closer in.
ui-less-than = less than { $value }
ui-level = Data level { $level } of 5
ui-level-how = An owner’s level is the lowest of its measures (maturity measures of the UK’s National Underground Asset Register).
ui-level-unknown = Data level not known
ui-level-word = Level
ui-live = Live
ui-live-connecting = Connecting
ui-live-lost = Connection lost
ui-loading = Loading
ui-looks-like = Looks like { $name }: { $how }.
ui-map = Map
ui-map-failed = The map cannot be drawn in this browser (WebGL is missing). Lists and forms work without it.
ui-measure = Measure
ui-method = Method
ui-missing-information = Layers that could not speak
ui-more = More
ui-more-than = more than { $value }
ui-moved = { $count ->
    [one] { $count } feature moved: { $median } at the median, { $most } at most.
   *[other] { $count } features moved: { $median } at the median, { $most } at most.
}
ui-moved-by = Moved by
ui-moved-one = moved { $distance }
ui-name = Name
ui-national-id = National ID
ui-nav = Pages
ui-networks-near = Nearest networks
ui-new-request = New request
ui-new-request-here = New request on this parcel
ui-no-id = without id
ui-no-match = Nothing could be compared: nothing is claimed about the position.
ui-no-separation = Separation not known
ui-none = None
ui-none-near = none near
ui-not-selected = { $count ->
    [one] { $count } row of the file belongs to other layers.
   *[other] { $count } rows of the file belong to other layers.
}
ui-not-serviceable = Cannot be served
ui-note = Note
ui-nothing-here = Nothing is mapped here.
ui-nothing-published = It did not come to an end. Nothing was published; deliver the file again.
ui-number = { $value }
ui-off-by = Is off by { $distance }: { $parts }.
ui-offer = Price offer
ui-open-tasks = { $count ->
    [one] { $count } task
   *[other] { $count } tasks
}
ui-opening = Opening the window…
ui-operation = Transformation
ui-operation-none = within one datum
ui-optional = optional
ui-order-no = Order
ui-orders = Orders
ui-orders-none = Orders go out when the permit is issued.
ui-outcome = Outcome
ui-owner = Owner
ui-panel = Worklist and case
ui-parcel = Parcel
ui-parcel-how = Click a parcel on the map, or type its number.
ui-parcel-id = Parcel number
ui-parcel-placeholder = e.g. 08-5440-00436
ui-permanent-class = Permanent tariff
ui-permit-no = Permit number
ui-phase-building = Building, on the construction tariff
ui-phase-completed = Completed
ui-phase-construction = Orders and construction tariff
ui-phase-consultation = Inquiries to the companies
ui-phase-decision = Decision of the municipality
ui-phase-permanent = Return to the permanent tariff
ui-phase-submitted = Registered and checked for conflicts
ui-phone = Telephone
ui-preview = Preview only
ui-preview-how = Everything is checked and reported; nothing is published.
ui-previewed-how = Checked only. Nothing was published.
ui-probability = Probability
ui-problem-corners = The outline needs at least three corners.
ui-problem-crossing = The outline crosses itself. Undo a corner or draw it again.
ui-problem-depth = The depth must be more than 0 and at most 60 m.
ui-problem-parcel = Choose a parcel.
ui-problem-required = This field is required.
ui-problem-storeys = Whole number from 0 to 200.
ui-problem-units = Whole numbers, 0 or more.
ui-problems-above = { $count ->
    [one] { $count } field needs your attention.
   *[other] { $count } fields need your attention.
}
ui-product = Panjereh
ui-published-at = Published
ui-quality = Quality level
ui-read-again = Read the case again
ui-read-as = Read as
ui-reason = Reason
ui-reason-hint = State the ground and what the applicant can do next.
ui-receipt = Tariff receipt
ui-received-at = Received
ui-refused-how = The delivery is refused. The map stays as it was.
ui-remedy = Remedy
ui-remedy-why = Why it is enough
ui-removed = Removed
ui-report = Report
ui-report-parts = Parts of the report
ui-request = Request
ui-required = required
ui-residual = What remains (95 %)
ui-revision = attempt { $number }
ui-rollback-to = The map will show delivery { $number } again.
ui-rotation = Rotation
ui-row = row { $number }
ui-rule = Rule
ui-same-layer-before = This layer as shown now
ui-scale = Scale
ui-search = Search
ui-search-hint = Case, parcel or applicant
ui-section-applicant = Applicant
ui-section-excavation = Excavation
ui-section-parcel = Parcel
ui-section-wishes = Utilities
ui-section-works = Works
ui-sending = Sending…
ui-separation = Separation
ui-serviceable = Can be served
ui-share = Share
ui-sheet-handle = Resize the panel
ui-shift = Shift
ui-shift-east = { $distance } to the east
ui-shift-north = { $distance } to the north
ui-shift-south = { $distance } to the south
ui-shift-west = { $distance } to the west
ui-show-all = Show all { $count }
ui-show-on-map = Show on the map
ui-shown-now = on the map now
ui-sign-in = Sign in
ui-sign-out = Sign out
ui-silence-why = { $agency } did not answer in time. Why may its silence be accepted?
ui-since = since
ui-source = Source
ui-source-crs = Coordinate system
ui-status = Status
ui-status-all = All statuses
ui-step-cancel = Cancel
ui-step-checking = Checking
ui-step-confirm = Confirm
ui-step-interrupted = Interrupted
ui-step-reading = Reading
ui-step-received = Received
ui-step-staged = Comparing
ui-step-try = Hold
ui-storeys = Storeys
ui-streets = Streets
ui-submit = Submit the request
ui-submitted-at = Submitted
ui-submitted-by = Delivered by
ui-suggested = Conditions suggested by the check
ui-surveyed-on = Data as of
ui-tab-agencies = Companies
ui-tab-findings = Findings
ui-tab-history = History
ui-tab-overview = Overview
ui-table = Table
ui-tagline = Permits, utilities, underground
ui-tariff = Tariff
ui-tariff-awaited = waiting for the company
ui-tariff-confirmed = Confirmed
ui-tariff-desired = Desired
ui-tariff-receipted = receipted by the company
ui-tariff-return = Return of the tariffs
ui-tariff-returned = Back to { $class } from { $date }
ui-tariff-returning = Returns to { $class } on { $date }
ui-tariffs = Tariffs
ui-tariffs-how = Confirmed is what the company has receipted; desired is what the permit asks for.
ui-tariffs-none = No tariff changes yet.
ui-tasks = Needs a person
ui-timeline = Where the case stands
ui-to = to
ui-try-again = Try again
ui-uncertainty-95 = Uncertainty (95 %)
ui-unchanged-features = Same
ui-unchanged-how = The content is what is shown already.
ui-unit-km = km
ui-unit-m = m
ui-unit-mm = mm
ui-unit-ppm = ppm
ui-units = Units
ui-unknown = unknown
ui-until = until
ui-upload = New delivery
ui-upload-progress = Progress of the upload
ui-upload-sent = { $share } of { $size } sent
ui-upload-waiting = Sent; the server is taking it in.
ui-use = Use
ui-valid-until = Valid until
ui-values = Values
ui-version = Version
ui-vertical = Vertical
ui-violations-count = { $count ->
    [one] { $count } line is in the way
   *[other] { $count } lines are in the way
}
ui-wishes-how = A connection can wait; the permit does not wait for it.
ui-worklist = Worklist
ui-works = Works
ui-would-change = What it would change
ui-zoom-in = Zoom in
ui-zoom-out = Zoom out
## web: end of the page

## layers: layers by id
layer-addresses = Addresses
layer-buildings = Buildings
layer-gas_devices = Gas valves and regulators
layer-gas_lines = Gas pipes
layer-gas_nodes = Gas nodes
layer-landuse = Land use
layer-parcels = Parcels
layer-power_lv_devices = Distribution cabinets
layer-power_lv_lines = Low-voltage power cables
layer-power_lv_nodes = Low-voltage power nodes
layer-power_mv_lines = Medium-voltage power cables
layer-power_mv_nodes = Medium-voltage power nodes
layer-power_switches = Switches
layer-power_transformers = Transformers
layer-sewer_devices = Manholes
layer-sewer_lines = Sewer pipes
layer-sewer_nodes = Sewer nodes
layer-streets = Streets
layer-telecom_devices = Telecom chambers
layer-telecom_lines = Telecom cables
layer-telecom_nodes = Telecom nodes
layer-water_devices = Valves, hydrants and reservoirs
layer-water_lines = Water pipes
layer-water_nodes = Water nodes

## layers: utilities
utility-electricity = Electricity
utility-gas = Gas
utility-heating = District heating
utility-sewer = Sewer
utility-stormwater = Stormwater
utility-telecom = Telecom
utility-water = Water

## layers: how fresh, who may see
freshness-fresh = Up to date
freshness-missing = No information
freshness-stale = Out of date: counts as no information
sensitivity-public = Public
sensitivity-sensitive = Sensitive
sensitivity-shared = Shared with those in charge

## layers: what is known of a position
cover-source-design = Design value
cover-source-standard = Usual value
cover-source-surveyed = Surveyed
cover-source-unknown = Unknown
quality-A = A: exposed and surveyed
quality-B = B: located by geophysics
quality-C = C: surface features and records
quality-D = D: records only

## layers: parts of a network
network-kind-cabinet = Cabinet
network-kind-chamber = Cable chamber
network-kind-exchange = Exchange
network-kind-hydrant = Hydrant
network-kind-manhole = Manhole
network-kind-outlet = Outlet
network-kind-regulator = Pressure regulator
network-kind-reservoir = Reservoir
network-kind-source = Source
network-kind-switch = Switch
network-kind-transformer = Transformer
network-kind-valve = Valve
network-status-abandoned = Abandoned
network-status-in_service = In service
network-status-out_of_service = Out of service
network-status-planned = Planned
network-status-unknown = Unknown
role-feeder = Feeder
role-main = Main
role-other = Other
role-service = Service connection
role-transmission = Transmission line

## layers: what became of a delivery
delivery-published = Published
delivery-refused = Refused
delivery-rolled_back = Taken back
delivery-unchanged = Unchanged
issue-bad-coordinates = Coordinates that are no numbers
issue-duplicate-id = Id used twice
issue-empty-delivery = Empty delivery
issue-invalid-polygon = Invalid outline, refused
issue-missing-geometry = No geometry
issue-missing-id = No id
issue-one-end-missing = Line with only one end named
issue-out-of-range = Impossible number, dropped
issue-outside-city = Outside the city
issue-repaired-polygon = Invalid outline, repaired
issue-too-many-refused = Too many features refused
issue-unknown-code = Word outside the code list
issue-unreadable-value = Unreadable value
issue-wrong-geometry-type = Wrong kind of geometry
issue-zero-length = Line without length

## layers: refusals
error-city-config = The city’s configuration is wrong: { $file }, { $key }: { $problem }.
error-city-not-stored = No layer of the city { $city } has been imported yet.
error-column-missing = The delivery { $source } lacks columns of the layer { $layer }: { $columns }.
error-layer-target-changed = The layer { $layer } is stored as { $stored } and cannot become { $configured }.
error-nothing-to-roll-back = The layer { $layer } has no delivery to take back.
error-parcel-not-stored = There is no parcel { $parcel } in the city’s layers.
error-source-crs-contradiction = The file { $file } says { $stated }, but its coordinates or the configuration say otherwise.
error-source-crs-missing = The file { $file } does not state its coordinate system as an EPSG number.
error-source-unreadable = The file { $file } cannot be read: { $problem }.
error-tile-out-of-range = There is no map tile { $z }/{ $x }/{ $y }.
error-unknown-city = There is no city { $city } here. Known: { $known }.

## layers: reading, first sight and places
issue-curves-linearised = Curves drawn as lines
issue-deleted-records = Records marked as deleted
issue-duplicate-geometry = Same place as another feature
issue-duplicate-row = Repeated row, left out
issue-encoding-corrected = Encoding stated wrongly, corrected
issue-encoding-detected = Encoding recognised by its letters
issue-entity-not-read = Drawing entity that is not read
issue-heights-like-depths = Heights that look like depths
issue-index-rebuilt = Missing index rebuilt
issue-network-link-not-followed = Link to another file, not followed
issue-no-final-newline = Last line without an end
issue-row-width = Row with too few or too many cells
issue-text-cut = Text cut by a narrow column
issue-text-unreadable = Unreadable text
issue-unreadable-feature = Unreadable feature
issue-vertical-crs-not-used = Heights of a chart datum, not used
issue-web-mercator-areas = Areas measured in Web Mercator, dropped
hint-name-the-table = Name the table, folder or drawing layer.
hint-name-x-and-y = Name the columns x and y, or send the shapes as WKT.
hint-one-file-per-archive = Put one file into each archive.
hint-save-as-text-dxf = Save the drawing as text DXF.
hint-send-all-parts = Send .shp, .shx, .dbf, .prj and .cpg together, best in one archive.
hint-state-the-crs = Ask the agency for the reference system, and state it as EPSG and a number in the layer’s settings.
hint-state-the-encoding = State the encoding in the layer’s settings: utf-8 or cp1256.
hint-try-again = Try again.
hint-write-wkb = Write the geometry as WKB.
question-crs-unstated = Which coordinate system are the numbers in?
question-heights-or-depths = Are these numbers heights, or depths below the ground?
question-id-unclear = Which column is the agency’s own id?
question-no-code-list = Too many different words for a code list
question-unit-unclear = In which unit is this column?
question-utility-unclear = Which utility is this layer of?
question-values-unreadable = The values are not what the name says
question-words-unknown = What do these words mean?
error-layer-not-previewed = There is no kept proposal for the layer { $layer } of the city { $city }.
error-place-axes-swapped = The coordinates of { $file } are swapped: northing or latitude comes first (first point { $x }, { $y }).
error-place-degrees = The file { $file } says { $stated }, but its numbers are longitude and latitude (first point { $x }, { $y }).
error-place-digits-dropped = The leading digits of the coordinates of { $file } were dropped: { $detail } (east, north) is missing (first point { $x }, { $y }).
error-place-mistaken = The coordinates of { $file } do not lie in the city (first point { $x }, { $y }).
error-place-other-unit = The coordinates of { $file } are not in metres; their unit looks like { $detail } (first point { $x }, { $y }).
error-place-other-zone = The coordinates of { $file } belong to another zone, { $detail }, not to { $stated } (first point { $x }, { $y }).
error-place-stated-crs-wrong = The file { $file } says { $stated }, but its numbers fit { $fits } (first point { $x }, { $y }).
error-place-web-mercator = The coordinates of { $file } are Web Mercator (EPSG:3857), not { $stated } (first point { $x }, { $y }).
error-place-zone-prefix = The eastings of { $file } begin with the zone number { $detail } (first point { $x }, { $y }).
error-reader-not-installed = The file { $file } cannot be read here: { $needs } is not installed.
error-service-refused = The service { $address } did not answer as expected: { $problem }.
error-service-unreachable = The service { $address } did not answer after { $tries } tries: { $problem }.
error-source-columns-unclear = No column of { $file } holds the place. Name a WKT column, or a pair such as x and y.
error-source-damaged = The file { $file } is damaged: { $problem }.
error-source-encoding-unknown = The file { $file } does not say how its letters are encoded. State it (utf-8 or cp1256).
error-source-format-unknown = The format of { $file } ({ $found }) is not read.
error-source-incomplete = { $file } says that it holds { $expected } records, but { $found } could be read.
error-source-part-missing = The part { $part } of { $file } is missing. Send all parts together.
error-source-table-unstated = { $file } holds several tables; say which one is meant: { $tables }.
error-source-too-large = { $file } is too large: { $found } { $of }, at most { $limit } are read.
error-source-truncated = The file { $file } is cut off. Send it again.
error-source-unsafe = { $file } is not opened, because it is unsafe: { $problem }.

## geo: verdicts and findings
verdict-clear = Clear
verdict-no-information = No information
verdict-undecidable = Undecidable – trial pit
verdict-violates = Violates
finding-clear = The line is { $measured } m away; { $required } m are required. Even at ±{ $uncertainty } m the distance is kept.
finding-clear-by-depth = The line lies near in plan, but its cover of { $cover } m keeps it clear of a dig { $depth } m deep.
finding-crosses = The line runs through the excavation, within the { $depth } m to be dug. { $required } m of clearance are required.
finding-crosses-depth-unknown = The line runs through the excavation and its depth is unknown. Until a trial pit shows it, it counts as in the way.
finding-foundation-too-near = The line is { $measured } m from where the foundation will stand; { $required } m are required.
finding-no-rule = There is no clearance rule for this pair. The owner must say what is needed.
finding-too-near = The line is { $measured } m from the excavation; { $required } m are required.
finding-too-near-depth-unknown = The line is { $measured } m from the excavation, { $required } m are required, and its depth is unknown. Until a trial pit shows it, it counts as too near.
finding-undecidable = The map shows { $measured } m and { $required } m are required, but the position is known only to ±{ $uncertainty } m: { $percent } % that it is too near. A trial pit must decide.
finding-undecidable-depth = The line is too near in plan; whether its cover of { $cover } m suffices for a dig { $depth } m deep cannot be told from the records. A trial pit must decide.
finding-unknown-network = This layer is of a kind that has no rules here. The owner must say what is needed.

## geo: what had to be assumed
assumption-accuracy-assumed = position accuracy not stated, assumed by quality level
assumption-class-unknown = pressure or voltage class unknown, the strictest rule taken
assumption-cover-guessed = depth not measured but assumed in the record
assumption-cover-unknown = depth unknown
assumption-radius-assumed = diameter unknown, an ordinary one added to the uncertainty
assumption-rule-unconfirmed = rule not confirmed by the local authority
rule-status-confirmed = read in its source
rule-status-unconfirmed = not confirmed
freshness-absent = no layer at all

## geo: conditions of a permit
condition-ask-owner = The owner states the clearance before work begins
condition-hand-dig = Dig by hand near the line
condition-locate-first = Locate lines with instruments first: a layer could not answer
condition-move-or-protect = Move or protect the line before the foundation is built
condition-owner-watch = The owner’s representative attends the digging
condition-trial-pit = Uncover the line with a trial pit before digging by machine

## geo: refusals
error-crs-degrees-as-metres = The coordinates look like degrees but were stated to be metres ({ $crs }).
error-crs-invalid = The coordinates cannot be brought into the city’s reference system.
error-crs-metres-as-degrees = The coordinates look like metres but were stated to be degrees ({ $crs }).
error-crs-no-operation = No published operation leads from { $source } to { $target } at this place.
error-crs-not-metric = { $crs } is not a projected system in metres.
error-crs-operation-not-pinned = Several operations lead from { $source } to { $target }: { $candidates }. The city must name one.
error-crs-operation-unknown = Operation { $operation } does not lead from { $source } to { $target }.
error-crs-out-of-area = The place lies outside the area of { $name }.
error-crs-unknown = There is no map reference system { $crs }.
error-depth-invalid = The depth must be above 0 and at most { $limit } metres, not { $depth }.
error-pack-include-loop = The clearance packs include each other in a circle: { $chain }.
error-pack-incomplete = The clearance pack { $pack } has no rule for: { $missing }.
error-pack-invalid = The clearance pack { $pack } cannot be used.
error-pack-row-invalid = Clearance pack { $pack }, row { $row }, column { $column }: { $value } cannot be read.
error-refused = The request was refused.
error-shape-empty = The shape is empty or has no area.
error-shape-invalid = The shape cannot be used.
error-shape-not-finite = A coordinate is not a finite number.
error-shape-not-polygon = One polygon is needed, not { $found }.
error-shape-self-crossing = The outline crosses itself at { $x }, { $y }.
error-shape-too-large = The outline covers { $area } m²; at most { $limit } m² are taken.
error-shape-too-many-vertices = The outline has { $vertices } points; at most { $limit } are taken.
error-shape-unreadable = This is not a GeoJSON geometry.

## geo: hints
hint-add-the-rules = Add the missing rows, or include a pack that has them.
hint-axes-swapped = Longitude comes before latitude; the two seem to be swapped.
hint-check-the-crs = Check the stated reference system and its zone.
hint-draw-an-area = Draw an outline of at least three points that encloses an area.
hint-draw-one-area = Draw one closed outline; several works need several requests.
hint-fit-control-points = The layer needs common points measured on the ground.
hint-give-geojson = Give a GeoJSON Polygon.
hint-give-numbers = Give every coordinate as a plain number.
hint-give-the-depth = Give the depth below the surface in metres.
hint-pack-file-missing = The file is missing or is not UTF-8 text.
hint-pin-an-operation = Name one of the listed operations in the city’s settings.
hint-redraw-the-outline = Draw the outline again without crossing it.
hint-simplify-the-outline = Simplify the outline.
hint-split-the-works = Split the works into several requests.
hint-state-epsg-4326 = If these are longitude and latitude, state EPSG:4326.
hint-state-the-metric-crs = State the projected system that these metres belong to.
hint-use-a-map-system = Use a geographic or projected system.
hint-use-a-projected-system = Use a projected system in metres.
hint-write-epsg-code = Write it as EPSG: and the number.
## geo: end

## trace: refusals
error-audit-refused = The audit’s input does not fit together: { $what }.
error-network-duplicate-id = Two records ({ $what }) carry the same id { $id }.
error-network-invalid = The network cannot be built or asked this.
error-network-no-shapes = { $links } lines have no geometry, so their ends cannot be compared.
error-network-not-in-network = The network has no { $what } { $id }.
error-trace-nothing-broken = Nothing was named that could be isolated.
hint-name-what-broke = Name the pipe, cable, node or device that failed.

## trace: assumed joins
snap-device-to-line = A device placed on the nearest line
snap-device-to-node = A device placed at the nearest node
snap-end-to-end = Two ends taken as joined
snap-end-to-line = An end taken as joined to a line
## trace: end

## companies: what they answer
reason-capacity-out-of-range = The requested capacity is larger than any connection of this kind.
reason-no-capacity = The mains within reach have no capacity left for this request.
reason-no-connection-requested = No connection was asked for; nothing stands against the works.
reason-no-suitable-main = There is no main of ours that such a service could be tapped from.
reason-serviceable = The parcel can be connected.
reason-too-far-from-main = The nearest suitable main is farther away than the longest service we build.

## companies: why they refuse
refusal-already-confirmed = The order is confirmed and can no longer be cancelled.
refusal-cancelled = The order was cancelled.
refusal-capacity-out-of-range = The ordered capacity is larger than any connection of this kind.
refusal-debt = The subscriber owes us money.
refusal-hold-expired = The time until which the order was held has passed.
refusal-no-capacity = The mains within reach have no capacity left for this order.
refusal-no-suitable-main = There is no main of ours that such a service could be tapped from.
refusal-tariff-change-refused = The tariff of this parcel cannot be changed now.
refusal-tombstoned = This order was cancelled before it arrived.
refusal-too-far-from-main = The parcel is farther from our mains than the longest service we build.
refusal-unknown-parcel = We have no such parcel in our records.

## companies: what they ask for
condition-disconnect-before-demolition = Disconnect the existing service and remove its meter before demolition
condition-earthing = Protective earthing must be in place
condition-existing-service = The parcel already has a service
condition-hand-dig-near-line = Dig by hand near the company’s line, and call before opening the ground
condition-meter-pit = A meter pit at the plot line must be ready
condition-piping-inspection = The piping must be inspected before gas flows
condition-substation-land = Land for a substation may be required

## companies: lines of a price
offer-branch-fee = Connection fee by meter class
offer-equipment = Equipment
offer-general-part = Connection fee, general part
offer-installation = Installation
offer-meter = Meter
offer-network-development = Network development
offer-network-share = Share of the network
offer-riser = Riser
offer-subscription = Connection fee
offer-subscription-commercial = Connection fee, commercial units
## companies: end

## case: refusals
error-action-not-allowed = This is not possible now: { $action } while the case is { $status }.
error-agency-unknown = This city has no such agency to ask here: { $agency }.
error-answer-unreadable = The agency's answer has no reference or no plain yes or no.
error-approval-refused = The case cannot be approved yet: { $reasons }.
error-case-not-found = There is no case { $case_id } here.
error-excavation-off-parcel = The excavation lies { $distance } m from parcel { $parcel_id }; at most { $limit } m are allowed.
error-identifier-invalid = The identifier does not pass its check.
error-key-reused = This Idempotency-Key was used before for another request.
error-nothing-to-retry = No exchange of this case waits for another attempt.
error-parcel-not-found = There is no parcel { $parcel_id } in this city's published layers.
error-request-invalid = The request cannot be accepted: { $reasons }.
error-signature-invalid = The message is not signed as agreed, or its signature is too old.
error-stale-case = The case has changed since you read it; it has version { $actual } now, you saw { $expected }.

## case: reasons against a request or an approval
reason-agency-unknown = { $where } is no agency of this city
reason-applicant-unnamed = the applicant has no name
reason-consultation-lapsed = { $where } has not answered in time
reason-consultation-open = { $where } has not answered yet
reason-depth-out-of-range = the depth must be more than 0 and at most 60 metres below ground
reason-excavation-takes-no-connection = an excavation alone takes no connection
reason-never-asked = { $where } was never asked
reason-no-agency-in-exchange = no company of this city takes part in the exchange
reason-not-a-permanent-class = a finished building has no such tariff class
reason-not-routed = it is not settled yet whom to ask
reason-not-serviceable = { $where } cannot serve the parcel
reason-offer-expired = the offer of { $where } has expired
reason-storeys-out-of-range = the number of storeys must be 0 to 200
reason-units-negative = the number of units cannot be negative
reason-violates = no condition answers the violation at { $where }

## api: what one does
action-approve = approve
action-complete = complete
action-consultations-closed = close the consultations
action-defer = leave a connection for later
action-exchange-cancelled = end a failed exchange
action-exchange-confirmed = end an exchange
action-read-cases = read cases
action-read-city = read about the city
action-read-history = read the history
action-read-map-public = see public layers
action-read-map-sensitive = see sensitive layers
action-read-map-shared = see shared layers
action-read-parcel = read about a parcel
action-recheck = check for conflicts again
action-refuse = refuse
action-respond = answer for an agency
action-retry = try the exchange again
action-revoke = revoke
action-submit = submit a request
action-withdraw = withdraw

## api: refusals at the terminal
error-already-running = Another run uses this data directory: process { $pid }.
error-api-away = The API does not answer at { $address }.
error-api-refused = The API refused the request ({ $refusal }): { $detail }
error-child-failed = { $name } did not start. The end of its log, { $log }: { $tail }
error-cluster-failed = The private database cluster at { $path } did not start.
error-company-misnamed = A company is given as city/agency=address, not as { $given }.
error-demo-no-candidate = { $city } has no parcel for the demonstration.
error-demo-too-slow = The demonstration's case { $case } did not get on in time; it is { $status }.
error-no-port = No free port was found from { $wanted } up.
error-postgis-missing = PostgreSQL with PostGIS is not installed.
error-unprocessable = The request cannot be carried out.
hint-city-agency-address = For example schutterwald/water=http://127.0.0.1:8081.
hint-no-company-serves = No company could serve the parcels that were tried.
hint-sign-standard-webhooks = Sign as Standard Webhooks says, with the agreed secret and the present time.
hint-state-crs = State it as EPSG:number, for example { $known }.
hint-stop-the-other-run = Stop it with panjereh stop, or choose another data directory.
hint-wish-not-now = Nothing is wanted of it now.

## web: words of the case
capacity-ampere = A
capacity-diameter-inch = inch
capacity-field-ampere = Current
capacity-field-diameter-inch = Pipe diameter
capacity-field-m3-hour = Meter capacity
capacity-field-m3-month = Contractual capacity
capacity-field-phases = Phases
capacity-m3-hour = m³/h
capacity-m3-month = m³ a month
capacity-phases = phase
condition-accept-silence = Silence accepted
condition-override-violation = Allowed all the same
condition-protective-measures = Protective measures
condition-relocate-first = Relocate the line first
consultation-answered = Answered
consultation-lapsed = Not answered in time
consultation-pending = Waiting for the answer
decision-approved = Approved
decision-refused = Refused
decision-revoked = Revoked
event-case-active = Case active
event-case-approved = Request approved
event-case-awaiting-decision = Inquiries closed; awaiting decision
event-case-completed = Case completed
event-case-completing = Completion registered
event-case-exchanging = Orders are going out
event-case-needs-decision = A decision is needed
event-case-refused = Request refused
event-case-revoked = Permit revoked
event-case-routed = Companies to ask were chosen
event-case-submitted = Request registered and checked
event-case-withdrawn = Request withdrawn
event-conflicts-rechecked = Conflicts checked again
event-consultation-asked = Inquiries opened
event-consultation-lapsed = A company did not answer in time
event-exchange-cancelled = Orders cancelled
event-exchange-cancelling = Not all could hold: being cancelled
event-exchange-confirmed = All orders confirmed
event-exchange-confirming = All companies hold: being confirmed
event-exchange-opened = Orders and tariff changes issued together
event-exchange-rearmed = Parked calls set going again
event-inquiry-answered = Inquiry answered
event-order-executed = Order executed
event-order-held = Order held
event-permit-issued = Permit issued
event-response-received = Answer received
event-task-closed = Task closed
event-task-opened = Task opened
exchange-cancelled = Cancelled
exchange-cancelling = Being cancelled
exchange-confirmed = Confirmed
exchange-confirming = Being confirmed
exchange-trying = Being held
method-hand = By hand
method-machine = By machine
op-cancel = Cancel the order
op-confirm = Confirm the order
op-inquire = Inquiry
op-query = Query of the answer
op-try = Hold the order
purpose-construction = Permit: construction tariff
purpose-permanent = Completion: permanent tariff
role-agency = Utility company
role-applicant = Applicant
role-auditor = Auditor
role-crisis = Crisis desk
role-front-office = Front office
role-officer = Permit officer
role-system = System
status-active = Active
status-awaiting-decision = Awaiting decision
status-completed = Completed
status-completing = Completing
status-consulting = Asking the companies
status-exchanging = Ordering
status-needs-decision = Needs a decision
status-refused = Refused
status-revoked = Revoked
status-withdrawn = Withdrawn
step-done = Done
step-parked = Needs a person
step-pending = Waiting to be sent
step-refused = Refused
step-sending = Being sent
step-superseded = No longer needed
step-unknown = Outcome unknown
tariff-commercial = Commercial
tariff-construction = Construction
tariff-industrial = Industrial
tariff-none = None
tariff-public = Public
tariff-residential = Residential
task-cancel-overdue = A cancellation is overdue
task-cancel-refused = A company refused to cancel
task-confirm-overdue = A confirmation is overdue
task-confirm-refused = A company refused to confirm
task-consultation-half-time = Half of the answering time has passed
task-consultation-nearly-due = The answer is nearly due
task-consultation-overdue = The answer is overdue
task-inquiry-failed = The inquiry could not be delivered
task-late-accept = A company accepted too late
task-needs-decision = The orders could not be placed together: decide
task-outcome-unknown = The outcome of a call is unknown
unit-commercial = Commercial
unit-other = Other
unit-residential = Residential
wish-later = Later
wish-not-needed = Not needed
wish-now = Now
works-demolish-rebuild = Demolition and rebuild
works-excavation-only = Excavation only
works-extension = Extension
works-new-building = New building
works-repair = Repair
freshness-short-fresh = Up to date
freshness-short-stale = Out of date
freshness-short-missing = No information
issue-param-main = main
issue-param-other = the other
issue-param-first_row = first in row
issue-param-value = value
issue-param-low = least
issue-param-high = most
issue-param-count = count
issue-param-area_m2 = area (m²)
issue-param-gap_m = gap (m)
issue-param-moved_m = moved (m)
## web: end of the words

## agreement: do two layers agree
agreement-agrees = The layers agree within { $within_m } m.
agreement-no-match = The layers do not match: nothing is claimed about their positions.
agreement-off = The delivered layer is off by { $dx_m } m east and { $dy_m } m north.
agreement-reason-ambiguous = Several shifts fit equally well.
agreement-reason-elsewhere = The two layers do not lie at the same place.
agreement-reason-nothing-in-common = No shift brings more points together than chance does.
agreement-reason-too-few-anchors = There are too few points to compare.
agreement-reason-too-uncertain = The evidence is too weak to promise anything.
grid-model-affine = Affine
grid-model-similarity = Similarity (shift, rotation, scale)
misreading-geographic = degrees of an older datum taken as WGS 84
misreading-ground-distances = distances on the ground taken as grid distances
misreading-projected = coordinates of an older datum taken as the city's
reading-as-delivered = Coordinates as delivered
reading-axes-swapped = East and north are swapped
reading-degrees = Degrees in a metric file
reading-degrees-swapped = Degrees in a metric file, latitude first
reading-other-zone = Coordinates of the neighbouring UTM zone
reading-truncated = Leading digits were dropped
reading-unit = Another unit of length
reading-web-mercator = Web Mercator coordinates
reading-zone-prefix = The zone number stands before the easting

## agreement: refusals
error-anchors-invalid = The points of the layer cannot be compared.
error-control-points-disagree = No transform suits most control points: at best { $agreeing } of { $count } within { $tolerance_m } m.
error-control-points-flat = The { $count } control points coincide or lie on one line.
error-control-points-invalid = The control points cannot fix a local grid.
error-control-points-not-finite = Control point { $index } has a coordinate that is not a number.
error-control-points-too-few = There are { $count } control points; at least { $needed } are needed.
hint-add-control-points = Add more common points.
hint-check-control-points = Check the numbers of the control points and which belong together.
hint-check-the-geometry = Check the layer's geometry.
hint-spread-control-points = Choose points that are spread over the whole sheet.
## agreement: end

## case: words of the history
event-late-accept = A company accepted what had been given up; it is being cancelled
event-response-late = A late answer was kept
event-step-done = A call was carried out
event-step-parked = A call waits for a person
event-step-pending = A call was put out
event-step-refused = A company refused
event-step-retry = A call will be repeated
event-step-superseded = A call is no longer needed
event-step-unknown = The outcome of a call is unknown
event-wish-deferred = A connection was left for later
order-cancelled = Cancelled
order-confirmed = Sold
order-deferred = For later
order-desired = Wanted
order-held = Held
## case: end

## ogc: refusals
error-filter-failed = The database could not evaluate the filter: { $reason }
error-filter-geometry = The geometry in the filter cannot be used: { $reason }
error-filter-invalid = The filter cannot be used.
error-filter-property = There is no property { $property } to filter by. Known here: { $known }.
error-filter-syntax = The filter cannot be read at character { $position }: expected { $expected }, found { $found }.
error-filter-too-large = The filter is too large: at most { $limit } { $what }.
error-filter-type = In the filter, { $operator } cannot compare { $left } with { $right }.
error-filter-unsupported = The filter uses { $what }, which is not offered here.
error-parameter-invalid = The parameter { $parameter } cannot be “{ $value }”. Expected: { $expected }.

## ogc: the pages
ogc-api = Description of the interface
ogc-conformance = Conformance
ogc-conformance-note = The parts of the OGC standards that this service implements and that its tests check.
ogc-count = Features
ogc-credit = Credit
ogc-description = The layers of { $city }, open to every GIS program: features with filters, vector tiles, a style and files.
ogc-download = Files
ogc-extent = Extent (west, south, east, north in degrees)
ogc-feature = one feature
ogc-features = Features
ogc-for-programs = For programs
ogc-kind = Kind
ogc-landing = Start page
ogc-layer = Layer
ogc-layer-description = { $name }, kept by { $owner }, as of { $day }.
ogc-layers = Layers
ogc-licence = Licence
ogc-many = very many
ogc-meaning = Meaning
ogc-next-page = Next page
ogc-owner = Owner
ogc-path = Path
ogc-property = Property
ogc-queryables = What can be filtered by
ogc-schema = What a feature says
ogc-shown = { $shown } features of { $all }
ogc-skip = To the content
ogc-storage-crs = Coordinate system
ogc-style = Map style
ogc-this-document = This document
ogc-tile = A vector tile
ogc-tiles = Vector tiles
ogc-tiles-note = Mapbox vector tiles in Web Mercator, for MapLibre, OpenLayers and QGIS.
ogc-tiling-schemes = Tiling schemes
ogc-title = { $city }: open layers
ogc-trail = Where you are
ogc-values = Values or unit

## ogc: properties of features
property-area-m2 = area (m²)
property-building-ref = building
property-class-code = class
property-cover-m = cover (m)
property-cover-source = how the cover is known
property-diameter-mm = outer diameter (mm)
property-from-node = from node
property-geometry = geometry
property-horizontal-uncertainty-m = uncertainty of the position (m, 95 %)
property-id = id
property-installed-year = year of installation
property-kind = kind
property-land-use = land use
property-main-id = main
property-material = material
property-name = name
property-node-id = node
property-normal-state = normal state
property-number = house number
property-origin = origin
property-owner-agency = owner
property-parcel-ref = parcel
property-pressure-bar = pressure (bar)
property-quality-level = quality level
property-rating-kva = rating (kVA)
property-renovation-code = renovation code
property-role = role
property-status = status
property-storeys = storeys
property-street = street
property-street-class = street class
property-surveyed-on = surveyed on
property-to-node = to node
property-use = use
property-utility = utility
property-vertical-uncertainty-m = uncertainty of the depth (m, 95 %)
property-voltage-kv = voltage (kV)
property-width-m = width (m)
## ogc: end

## access: refusals
error-access-refused = { $role } may not look at { $layer } for this purpose.
error-app-role-missing = The database is not prepared for the application's own role ({ $lacks }).
error-area-budget-spent = You have looked at as much new ground today as this purpose allows ({ $allowed } m²).
error-case-not-open = These layers are looked at for an open case of this city.
error-column-type-unknown = The column { $column } has a type that is not loaded in bulk: { $found }.
error-look-too-large = One look at sensitive layers covers at most { $allowed } m²; this one has { $found } m².
error-look-unidentified = It was not said who looks at these layers, and for what.
error-outside-case-site = This place is more than { $allowed } m from the site of the case.
hint-prepare-app-role = See “On a database server of yours” in docs/access.md.
## access: end

## deliveries: states, decisions, checks, measures
action-deliver = deliver a layer
action-read-scorecard = read the score-card
agreement-how-contained = Things where they belong
agreement-how-doors = Doors of other utilities
agreement-how-previous = The layer as it is shown now
decide-accept = Publish as it is
decide-correct = Publish corrected
decide-refuse = Refuse
delivery-checking = Being checked
delivery-corrected = Published corrected
delivery-failed = Failed
delivery-held = Held for a decision
delivery-interrupted = Interrupted; nothing was published
delivery-previewed = Previewed
delivery-reading = Being read
delivery-received = Received
delivery-staged = Being compared and published
error-delivery-not-found = There is no delivery { $delivery } of the layer { $layer }.
error-delivery-not-held = The delivery { $delivery } does not wait for a decision.
error-no-correction-offered = No correction is offered for the delivery { $delivery }.
issue-dangling-service = Service that touches nothing
issue-duplicate-link = Line delivered twice
issue-missing-node = Line ends at a node that the node layer lacks
issue-overshoot = Line runs past the line it meets
issue-parcels-gap = Gap between parcels
issue-parcels-overlap = Parcels overlap
issue-reversed-link = Line drawn against its nodes
issue-service-off-main = Service off its main
issue-snapped-end = End joined over a tiny gap
issue-undershoot = Line stops short of the line it meets
issue-unknown-main = Service names a main that is not there
measure-accuracy = Accuracy stated
measure-conformance = Values in lists and ranges
measure-dates = Dates stated
measure-depth = Depth stated
measure-valid-geometry = Valid geometry
severity-error = Error
severity-fact = Fact
severity-notice = Notice
severity-warning = Warning
## deliveries: end

## uploads: begin
confidence-asked = asked
confidence-likely = likely
confidence-said = said by you
confidence-sure = sure
error-mapping-incomplete = The mapping still has open questions.
error-mapping-invalid = The mapping of { $field } names what there is none of. There are: { $known }.
error-mapping-not-kept = The mapping cannot be kept: the city’s folder cannot be written to ({ $problem }).
error-sight-not-found = This file is no longer here. A file that nobody accepts is kept for a day; send it again.
error-upload-form-invalid = The form of the upload cannot be taken.
error-upload-parts-unclear = These files are not the parts of one layer: { $files }.
hint-form-boundary = Content-Type must name the boundary of the form.
hint-form-cut-short = It breaks off before its end; send it again.
hint-form-file-part = It holds no file: name the part { $part }.
hint-form-name-twice = Two files have the name { $part }.
hint-form-part-unknown = The part { $part } is none of an upload’s; a file’s part is named file.
hint-form-parts = It has more than { $limit } parts.
hint-form-syntax = It is not multipart/form-data as RFC 7578 describes it.
hint-form-text-long = The text { $part } is too long.
hint-one-layer-per-upload = Send one layer at a time.
hint-shapefile-parts-only = Only the parts of one Shapefile may come together: .shp, .shx, .dbf, .prj and .cpg of the same name.
network-state-closed = Closed
network-state-open = Open
network-state-unknown = Unknown
target-address = Addresses
target-building = Buildings
target-landuse = Land use
target-network-device = Devices of a network
target-network-line = Lines of a network
target-network-node = Nodes of a network
target-parcel = Parcels
target-street = Streets
ui-codes-of = Words of “{ $field }”
ui-column-none = — no column —
ui-columns-unused = { $count ->
    [one] { $count } column stays as it is delivered
   *[other] { $count } columns stay as they are delivered
}
ui-corrected-by = Its place was taken, corrected, by
ui-corrects = Published, corrected, in place of
ui-crs-fitting = Read so, the numbers lie in the city
ui-crs-how = The file does not say it, and it is never guessed: ask whoever made the file. Two systems that both fit may be more than 100 m apart. A local grid with control points is set up at the terminal (layers.toml, local_grid).
ui-crs-other = Another system
ui-crs-others = Others that are known here
ui-crs-stated = Stated by the file:
ui-do-accept-mapping = Accept and publish
ui-do-look = See the mapping first
ui-encoding = Encoding of the text
ui-fields-free = { $count ->
    [one] { $count } field without a column
   *[other] { $count } fields without a column
}
ui-file-lonely-part = This is only a part of a Shapefile. Add the .shp and its other parts.
ui-file-more = Add parts
ui-file-no-dbf = The attributes are in the .dbf: add it, it cannot be made again.
ui-file-no-prj = Without a .prj the coordinate system is asked: see the mapping first.
ui-file-parts = Parts of the Shapefile
ui-file-several = Send one layer at a time: one file, or the parts of one Shapefile with the same name.
ui-filled = { $share } filled
ui-first-rows = The first rows, as they would be stored
ui-is-right = That is right
ui-layer-new = New layer
ui-layer-new-how = Small Latin letters, digits and underscores. Its first file is looked at before the layer is made.
ui-layer-new-id = Id of the layer
ui-layer-new-there = This layer is there already: open it in the list.
ui-leave-out = Leave it out
ui-look-how = A file with other columns, units or words than usual, or without a coordinate system, is better looked at first.
ui-looking = Looking…
ui-mapping = Mapping
ui-mapping-how = Which of the file’s columns becomes which of our fields. Change what is wrong; the preview below follows.
ui-name-en = Name in English
ui-name-fa = Name in Persian
ui-part-missing = missing
ui-part-there = there
ui-refused-look = Sent again with “See the mapping first”, this can be answered on the page.
ui-refused-look-link = To the layer
ui-sensitivity = Who may see it
ui-sight = First sight of a file
ui-sight-left-off = { $count ->
    [one] { $count } is not drawn.
   *[other] { $count } are not drawn.
}
ui-sight-not-yet = When the open questions above are answered, the preview stands here.
ui-sight-on-map = The map shows the shapes where they would lie.
ui-sight-open = { $count ->
    [one] { $count } question is open
   *[other] { $count } questions are open
}
ui-sight-outcome = What would become of it
ui-sight-would-hold = It would be held for a decision and not shown yet.
ui-target = What it is
ui-unit-as-is = as it is
ui-unit-of = Unit of { $field }
ui-utility = Utility
ui-word-none = — not in the list —
ui-word-theirs = In the file
ui-words-leave = Leave the others out
unit-name--cm = centimetres, negative
unit-name--dm = decimetres, negative
unit-name--ft = feet, negative
unit-name--in = inches, negative
unit-name--m = metres, negative
unit-name--mm = millimetres, negative
unit-name-MPa = megapascals
unit-name-MVA = megavolt-amperes
unit-name-V = volts
unit-name-bar = bar
unit-name-cm = centimetres
unit-name-dm = decimetres
unit-name-ft = feet
unit-name-gregorian = Gregorian calendar
unit-name-ha = hectares
unit-name-in = inches
unit-name-jalali = Jalali calendar
unit-name-kPa = kilopascals
unit-name-kV = kilovolts
unit-name-kVA = kilovolt-amperes
unit-name-km = kilometres
unit-name-m = metres
unit-name-m2 = square metres
unit-name-mbar = millibar
unit-name-mm = millimetres
unit-name-psi = psi
why-as-named = by its name; no unit is stated
why-gregorian-days = days of the Gregorian calendar
why-guess = several readings fit
why-inch-marks = inch marks in the values
why-jalali-days = days of the Jalali calendar
why-name = by its name
why-name-unique = by its name; every value is different
why-said = said by a person
why-unique-values = every value is different
why-unit-and-sign = unit in the name, negative values
why-unit-in-name = unit in the name
why-usual-values = the values are usual in this unit
## uploads: end

## clearance: begin
condition-restore-cover = Give the line its cover back, or protect it, before the dig is closed
condition-safe-corridor = The machine keeps to the ground outside the strips marked for hand tools
condition-work-window = Work beside the line only in the owner’s attendance hours, announced beforehand
finding-line-beside = It lies { $measured } m beside the proposed line; { $required } m are required.
finding-line-beside-undecidable = The map shows { $measured } m beside the proposed line and { $required } m are required, but the position is known only to ±{ $uncertainty } m: { $percent } % that it is too near.
finding-line-clear = The proposed line keeps its distance: { $measured } m, where { $required } m are required.
finding-line-crossing = It crosses the proposed line { $measured } m above or below; { $required } m are required.
finding-line-crossing-depth-unknown = It crosses the proposed line or runs to it, and the depth of one of them is unknown. Until a trial pit shows it, it counts as too near.
finding-line-crossing-undecidable = It crosses the proposed line { $measured } m above or below and { $required } m are required, but the depth is known only to ±{ $uncertainty } m: { $percent } % that it is too near.
method-boring = By directional drilling
method-hand-boring = By auger turned by hand
method-vacuum = By suction
pit-why-depth = Its depth is not known well enough
pit-why-depth-unknown = Nobody knows its depth
pit-why-position = Its place is not known well enough
pit-why-position-and-depth = Neither its place nor its depth is known well enough
relation-crossing = Across the works
relation-oblique = Aslant to the works
relation-parallel = Beside the works
zone-hand-only = Hand tools only
zone-machine-ok = Machine allowed
zone-no-dig = No digging before the owner has attended
## clearance: end

## service lines: begin
error-as-built-unusable = The drawing of the built connection cannot be used ({ $member }).
service-line-built = Built
service-line-proposed = Proposed
service-line-recorded = Built, on the map
service-line-unrecorded = Built, drawing not usable
service-line-unserved = No line possible
unserved-beyond-a-service = More is asked for than a service line carries
unserved-no-capacity = The mains near have no capacity left
unserved-no-main = No main to tap near the parcel
unserved-no-way = No way for a line from the street
unserved-too-far = The nearest main with room is too far away
## service lines: end

## survey list: begin
error-survey-list-missing = No audit of this city has been kept yet.
error-survey-unreadable = The database’s stream of lines has an unexpected form ({ $what }).
hint-run-audit = Run it: panjereh audit CITY --out DIR
survey-a = Line
survey-all = all
survey-b = Other line
survey-beside = beside each other
survey-by = By
survey-chance = Probability
survey-clause = Clause
survey-confirmed = rule confirmed
survey-crosses = crossing
survey-depth = Depth between
survey-dots = Squares: all pairs, the stronger the more. Lines: networks of the pairs listed. Rings: the pairs listed.
survey-found = { $pairs } pairs of existing lines among { $lines } lines are recorded closer than the rules ask; { $unconfirmed } of them by rules that nobody has confirmed.
survey-gap = Across
survey-kinds = Networks
survey-made = Made { $at } with the rules “{ $pack }”
survey-metres = m
survey-note = A ranked list of where to survey first. Not a list of offences: the lines are there already, most were laid by older rules, and their records are vague. Confirm on site before anything follows from it.
survey-overlap = overlapping by
survey-place = Place
survey-private = Holds positions of networks: for authorised eyes only.
survey-required = asked
survey-rule = Rule
survey-severity = Priority
survey-shown = the first { $count } are listed here; all are in audit.parquet
survey-sure = too close by the records
survey-title = Survey list: { $city }
survey-unconfirmed = rule not confirmed
survey-unknown = unknown
survey-unruled = Not checked, because no rule speaks of them: { $pairs }
survey-unsure = cannot be told from the records
survey-weighing = Priority = probability × share of the distance that is missing × danger of the two networks (working weights).
## survey list: end

## offline pack: begin
error-pack-page-missing = The page of the offline pack is not built on this server.
error-pack-too-large = The area is { $found } m² large; an offline pack covers at most { $allowed } m².
hint-build-the-page = Build the page with make setup and start again.
hint-draw-smaller-area = Draw a smaller area.
left-out-never-delivered = never delivered
left-out-sensitive-area-too-large = guarded; the area is too large for one look
ui-pack-age = This is a copy. What was repaired, dug or reported since is not in it. Look at each layer's date.
ui-pack-contacts = Whom to call
ui-pack-left-out = Not in this pack
ui-pack-title = Works without network
## offline pack: end
