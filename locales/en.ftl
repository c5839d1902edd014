
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
error-text-unstorable = The text holds a character that cannot be kept (NUL or half of a character). Take it out and send the form again; nothing was stored.
error-method-not-offered = { $path } does not take { $method } requests.
form-at-least = at least { $limit }
form-at-most = at most { $limit }
form-day = a day as YYYY-MM-DD
form-json = not readable as JSON
form-kind = a value of another kind is expected
form-less-than = less than { $limit }
form-missing = is missing
form-more-than = more than { $limit }
form-one-of = one of { $limit }
form-pattern = not in the expected form
form-too-long = too long, at most { $limit }
form-too-short = too short, at least { $limit }
form-unknown = is not known here
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
ui-agreement-chance = (by chance { $share })
ui-agreement-limit = From { $distance } on, a delivery is held for a decision.
ui-agreement-partners = Found their partner
ui-agreement-sure = How sure
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
ui-repair-gone = no longer shown so
ui-repair-removes = Without the repair it can stand in no layer: it is taken out.
ui-repair-restores = It gets the shape that was delivered.
ui-repair-undo = Take the repair back
ui-repair-undone = Taken back by
ui-repairs = What was repaired
ui-repairs-how = Each repair keeps the shape as it was delivered and can be taken back by itself, as a new delivery.
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
ui-city-absent = There is no city “{ $asked }” here. This is { $shown }.
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
ui-local-grid = Local grid
ui-local-grid-aside = set aside
ui-local-grid-fit = Fitted from { $count } control points, root mean square { $rms }
ui-local-grid-point = Control point
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
ui-parcel-how = Click a parcel on the map, or type its number, renovation code, registration plate (45/123) or postal code.
ui-parcel-id = Parcel number
ui-parcel-placeholder = e.g. 08-5440-00436
ui-parcels-found = Parcels found
ui-plate-main = main plate { $main }
ui-plate-section = { $plate }, section { $section }
ui-plate-sub = sub plate { $sub } of main plate { $main }
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
error-source-table-missing = { $file } has no table { $table }. It holds: { $tables }.
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
area-of-city = the city
error-crs-unknown = There is no map reference system { $crs }.
error-depth-invalid = The depth must be above 0 and at most { $limit } metres, not { $depth }.
error-top-invalid = The upper side of the bore must lie at 0 m or deeper and above its floor at { $depth } m, not at { $top } m.
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
error-shape-too-small = The outline covers less than { $limit } m²: nobody can dig that. Draw the area of the works.
error-shape-too-large = The outline covers { $area } m²; at most { $limit } m² are taken.
error-shape-too-many-vertices = The outline has { $vertices } points; at most { $limit } are taken.
error-shape-unreadable = This is not a GeoJSON geometry.

## geo: hints
hint-add-the-rules = Add the missing rows, or include a pack that has them.
hint-axes-swapped = Longitude comes before latitude; the two seem to be swapped.
hint-check-the-crs = Check the coordinates, the stated reference system and its zone.
hint-draw-an-area = Draw an outline of at least three points that encloses an area.
hint-draw-one-area = Draw one closed outline; several works need several requests.
hint-fit-control-points = The layer needs common points measured on the ground.
hint-give-geojson = Give a GeoJSON Polygon.
hint-give-numbers = Give every coordinate as a plain number.
hint-give-the-depth = Give the depth below the surface in metres.
hint-give-the-top = Give the depth of the bore’s upper side below the surface in metres.
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
error-identifier-invalid = { $kind ->
    [national-id] The national ID does not pass its check: ten digits, the last one is a check digit.
    [legal-id] The legal ID does not pass its check: eleven digits, the last one is a check digit.
    [mobile] This is no mobile number: 09 and nine more digits, or +98 9….
    [bill-amount] The amount { $amount } cannot stand in a payment ID.
   *[other] The identifier does not pass its check; compare it with the document.
}
error-key-reused = This Idempotency-Key was used before for another request.
error-nothing-to-retry = No exchange of this case waits for another attempt.
error-parcel-not-found = There is no parcel { $parcel_id } in this city's published layers.
error-request-invalid = The request cannot be accepted: { $reasons }.
error-signature-invalid = The message is not signed as agreed, or its signature is too old.
error-stale-case = The case has changed since you read it; it has version { $actual } now, you saw { $expected }. Read it again, then decide.

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
ogc-tiling-cell = Cell (m)
ogc-tiling-level = Level
ogc-tiling-scale = Scale
ogc-tiling-schemes = Tiling schemes
ogc-tiling-tiles = Tiles
ogc-title = { $city }: open layers
ogc-trail = Where you are
ogc-values = Values or unit

## ogc: properties of features
property-area-m2 = area (m²)
property-building-ref = building
line-class-gravity = gravity
line-class-pressure = pressure
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
property-plate-main = main plate
property-plate-section = registration section
property-plate-sub = sub plate
property-postal-code = postal code
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
decide-undo-repairs = Repairs taken back
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
error-repair-not-shown = The delivery { $delivery } repaired no feature that the layer still shows so: { $features }.
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
fault-duplicate-rings = two equal rings
fault-hole-lies-outside-shell = a hole outside its outline
fault-interior-is-disconnected = the inside falls apart
fault-invalid-coordinate = coordinates that are no numbers
fault-nested-holes = a hole in a hole
fault-nested-shells = an outline in an outline
fault-ring-self-intersection = the outline touches itself
fault-self-intersection = the outline crosses itself
fault-too-few-points-in-geometry-component = too few corners
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
issue-param-area_change_m2 = change of area (m²)
issue-param-column = column
issue-param-crs = system
issue-param-encoding = encoding
issue-param-expected = expected
issue-param-found = found
issue-param-kind = kind
issue-param-layer = layer
issue-param-limit = limit
issue-param-problem = problem
issue-param-reason = reason
issue-param-records = records
issue-param-share = share
issue-param-tolerance_m = tolerance (m)
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
ui-agreement-past = Corrected since. As the file was delivered:
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
unit-name--cm = cm, negative
unit-name--dm = dm, negative
unit-name--ft = ft, negative
unit-name--in = in, negative
unit-name--m = m, negative
unit-name--mm = mm, negative
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
obstacle-building-foundation = Building
obstacle-plot-line = Plot line
obstacle-tree = Tree
unserved-beyond-a-service = More is asked for than a service line carries
unserved-no-capacity = The mains near have no capacity left
unserved-no-main = No main to tap near the parcel
unserved-no-way = No way for a line from the street
unserved-too-far = The nearest main with room is too far away
price-status-illustrative = illustrative figures
demand-ampere-phases = A × phases
demand-m3-hour = m³/h
demand-m3-month = m³ a month
offer-trench = Trench in the street
ui-as-built = As built
ui-estimate = Estimate
ui-formula = By formula
ui-legend-pit = Trial pit
ui-legend-service-line = Proposed service line
ui-legend-trench = Common trench
ui-line-clear = { $count ->
    [one] One line met, clear
   *[other] { $count } lines met, clear
  }
ui-line-inside = and { $distance } on the parcel
ui-line-length = Length in the street
ui-line-main = Tapped from
ui-line-meets = Meets on its way
ui-line-size = Size
ui-lines-how = Proposed from the layers as they are published, to show the way and the cost. The company’s own answer counts.
ui-lines-none = No connection is wanted now.
ui-over-parcels = Over other parcels
ui-pit-clear-cover = Clear if its cover is { $distance } or more.
ui-pit-clear-separation = Clear at { $distance } or farther, whatever its depth.
ui-pit-width = Look { $distance } to either side of the mapped line.
ui-relation = How it runs
ui-spare = { $amount } left
ui-spare-unknown = room not known by its size
ui-tab-lines = Service lines
ui-trench-how = { $together } of trench instead of { $separate }; { $width } wide.
ui-trench-saves = One trench saves { $distance }
ui-trench-slot = { $place }, cover { $cover }
ui-trial-pits = { $count ->
    [one] One trial pit would decide
   *[other] { $count } trial pits would decide
  }
ui-zone = Allowed near it
## service lines: end

## survey list: begin
action-read-survey = read the survey list
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
action-make-pack = take an area along offline
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


## crisis: begin
action-ask-crisis = ask the network in an emergency
action-log-incident = log what was done in an incident
action-read-incidents = see incidents
action-run-incident = open and close incidents
confidence-high = high
confidence-low = low
confidence-medium = medium
doubt-layers-missing = layers of this network are missing
doubt-layers-stale = layers of this network are older than their limit
doubt-never-surveyed = no line says when it was surveyed
doubt-no-source = no source is known, so nobody can say who has supply
doubt-no-valves = no valve or switch is known
doubt-parts-without-source = parts of the network hang on no known source
doubt-records-only = positions from records only (quality level D)
doubt-snapped-joins = ends that do not touch were taken as joined
doubt-snaps-in-section = assumed joins lie in this section
doubt-unplaced-devices = devices without a place in the network were left out
error-area-too-large = The area is { $found } m²; one question covers at most { $allowed } m².
error-feature-not-in-network = The network has no feature { $feature } ({ $layer }).
error-geometry-empty = The geometry has no place ({ $kind }).
error-incident-closed = The incident is closed; its log takes no more entries.
error-incident-invalid = The entry cannot be right: { $reasons }.
error-incident-not-found = There is no such incident in this city.
error-network-moving = The layers of this network are being published faster than it can be put together. Ask again.
error-network-not-stored = The city has no published lines of this network.
error-nothing-there = No line of this network lies within { $within_m } m.
hint-click-nearer-a-line = Click nearer to a line, or name the line by its id.
incident-event-area-changed = Area drawn anew
incident-event-arrived = Arrived
incident-event-called = Called
incident-event-closed = Closed
incident-event-evacuated = Evacuated
incident-event-note = Note
incident-event-opened = Opened
incident-event-squeezed = Pipe squeezed off
incident-event-supply-cut = Supply cut
incident-event-supply-restored = Supply restored
incident-event-valve-closed = Valve closed
incident-event-valve-freed = Valve moves again
incident-event-valve-opened = Valve opened
incident-event-valve-stuck = Valve stuck
incident-kind-cable-cut = Cable cut
incident-kind-earthquake = Earthquake
incident-kind-excavation-damage = Damage by excavation
incident-kind-fire = Fire
incident-kind-flood = Flood
incident-kind-gas-leak = Gas leak
incident-kind-other = Other
incident-kind-power-outage = Power outage
incident-kind-sewer-collapse = Sewer collapse
incident-kind-water-burst = Water main burst
incident-status-closed = Closed
incident-status-open = Open
ogc-process-cascade = What else is in danger
ogc-process-cascade-about = The hazard zone of a failure, what of other utilities lies in it, and what stops with it.
ogc-process-isolation = Which valves to close
ogc-process-isolation-about = The valves around a break, the section they shut off, and who loses supply by that.
ogc-process-what-is-here = What is here
ogc-process-what-is-here-about = Everything in the ground within an area, whose it is, how fresh it is and whom to call.
ogc-processes = Processes
priority-emergency-services = Emergency services
priority-hospital = Hospitals and care
priority-school = Schools
priority-shelter = Public buildings and shelters
reason-device-missing = the valve or switch is not named
reason-device-unknown = the network has no such valve or switch in that layer
reason-text-missing = a note without words says nothing
reason-event-of-its-own = opening, closing and redrawing have resources of their own
## crisis: end

## digs: begin
action-act-on-dig = act on an excavation
action-answer-trench = answer a report from the trench
action-file-dig = ask for an excavation
action-pave = record a repaved street
action-plan-works = plan works
action-read-contacts = see whom to call
action-read-damages = see the damage register
action-read-digs = see excavations
action-report-trench = report from the trench
cost-damage = Restoring the pavement
cost-fine = Fine for delay
cost-supervision = Supervision
damage-cause-carelessness = carelessness
damage-cause-depth-wrong = wrong depth on the map
damage-cause-layer-missing = missing from the map
damage-cause-position-wrong = wrong position on the map
damage-cause-unknown = unknown cause
dig-action-accept-finally = Final hand-over
dig-action-accept-provisionally = Provisional hand-over
dig-action-answer = Answer
dig-action-calculate = Calculate the costs
dig-action-cancelled = Cancel the plan
dig-action-change = Change
dig-action-done = Mark as done
dig-action-expire = End of validity
dig-action-fix-defects = Defects mended
dig-action-inquire = Ask the companies
dig-action-inquiries-closed = Close the inquiries
dig-action-join = Share one trench
dig-action-override-moratorium = Lift the moratorium
dig-action-pass-inspection = Pass the inspection
dig-action-pay = Record a payment
dig-action-permit = Issue the permit
dig-action-plan = Plan works
dig-action-record-test = Record a pavement test
dig-action-refuse = Refuse
dig-action-regularise = Regularise
dig-action-reinquire = Ask again
dig-action-renew = Renew
dig-action-report = Report from the trench
dig-action-report-defects = Report defects
dig-action-request-handover = Ask for the hand-over
dig-action-revoke = Revoke
dig-action-revoke-silence = Do not let the silence count
dig-action-start = Begin the works
dig-action-submit = Submit
dig-action-supervise = Supervision report
dig-action-visit = Record the visit
dig-action-withdraw = Withdraw
dig-answer-conflict = Conflicts with our installations
dig-answer-no-objection = No objection
dig-answer-re-examine = To be re-examined by the applicant
dig-inquiry-answered = Answered
dig-inquiry-pending = Waiting
dig-inquiry-revoked = Silence taken back
dig-inquiry-silent = Silent: liable
dig-kind-connection = Service connection
dig-kind-development = Development plan
dig-kind-incident = Incident
dig-need-complete = place, dates and pavement
dig-need-connection = the right to ask for a service connection
dig-need-consent = no objection from every company
dig-need-development = the right to ask for a development plan
dig-need-guarantee-over = the end of the guarantee period
dig-need-incident = the right to report an incident
dig-need-inquiries-closed = the answers of all companies
dig-need-inquiries-valid = answers that still hold
dig-need-no-open-defects = no open defects
dig-need-not-barred = no moratorium, or its lifting by a second officer
dig-need-own-works = works of one's own
dig-need-renewals-left = a turn of renewal that is left
dig-need-settled = full payment
dig-need-status-or-role = another status or role
dig-need-test-failed = a failed test
dig-need-tests-passed = both pavement tests passed
dig-need-time-over = the end of validity
dig-need-works-begun = works that have begun
dig-record-defect = Defect
dig-record-late-answer = Late answer
dig-record-override = Moratorium lifted
dig-record-renewal = Renewal
dig-record-supervision = Supervision
dig-record-test = Pavement test
dig-record-visit = Visit
dig-record-warning = Warning
dig-status-closed = Closed
dig-status-costed = Costs calculated
dig-status-defects = Defects to mend
dig-status-draft = Draft
dig-status-emergency = Emergency: to be regularised
dig-status-expired = Expired
dig-status-guarantee = Under guarantee
dig-status-handover-requested = Hand-over asked for
dig-status-inquired = Companies asked
dig-status-inquiring = Asking the companies
dig-status-none = not yet asked for
dig-status-open = open
dig-status-paid = Paid
dig-status-permitted = Permitted
dig-status-refused = Refused
dig-status-requested = Requested
dig-status-revoked = Revoked
dig-status-testing = Pavement tests
dig-status-visited = Visited
dig-status-withdrawn = Withdrawn
dig-status-working = Works under way
dig-warning-half-time = Half of the time to answer is gone
dig-warning-late-answer = A company answered after the time
dig-warning-nearly-due = Four fifths of the time to answer are gone
dig-warning-overrun = The works overran their permit
dig-warning-regularise-half-time = Half of the time to regularise is gone
dig-warning-regularise-nearly-due = Four fifths of the time to regularise are gone
dig-warning-regularise-overdue = The incident was not regularised in time
dig-warning-silent = A company was silent: it is liable
error-dig-action-not-allowed = This is not possible now: { $dig_action }. The excavation’s status: { $dig_status }.
error-dig-answer-unexpected = { $agency } has no such open question about this excavation; asked: { $asked }.
error-dig-not-found = There is no excavation { $dig_id } here.
error-dig-request-invalid = This cannot be accepted as it stands: { $reasons }.
error-dig-terms-invalid = The terms of excavations are wrong in { $file } at { $term }: { $problem }.
error-no-overlap = { $a } and { $b } do not overlap in place and time.
error-other-agencys-works = You file for { $own } only; these would be works of { $agency }. That agency or the municipality’s excavation office files them.
error-photo-not-found = The report has no photo.
error-photo-too-large = The photo has { $bytes } bytes; at most { $limit } are taken.
error-photo-unusable = The photo cannot be used: { $reason }. A JPEG, PNG or WebP picture is needed.
error-paving-not-found = There is no repaved street { $paving_id } here.
error-plan-not-found = There is no planned work { $plan_id } here.
error-plan-ended = This planned work has ended already; its status is “{ $plan_status }”. The same number sent again puts it back on the calendar.
error-second-officer-needed = Two officers decide about a moratorium: who handles or filed the excavation neither lifts it nor takes the pavement back, and who lifted it does not issue the permit.
error-stale-dig = The excavation has changed since you read it; it has version { $actual } now, you saw { $expected }. Read it again, then decide.
error-trench-report-answered = The report has been answered already.
error-trench-report-not-found = There is no report { $report_id } here.
event-dig-accepted-finally = Handed over finally
event-dig-accepted-provisionally = Handed over provisionally
event-dig-answer-late = A company answered late
event-dig-answered = A company answered
event-dig-asked = Companies asked
event-dig-barred = A street there was paved anew: no permit before the moratorium is over
event-dig-calculated = Costs calculated
event-dig-changed = Changed
event-dig-closed = Closed
event-dig-costed = Ready for payment
event-dig-defects = Defects to mend
event-dig-defects-found = Defects found
event-dig-emergency = Opened in an emergency
event-dig-expired = Permit ran out
event-dig-extended = Time to answer extended
event-dig-filed = Request filed
event-dig-guarantee = Guarantee period begins
event-dig-handover-requested = Hand-over asked for
event-dig-inquired = All companies asked
event-dig-inquiring = Asking the companies
event-dig-inspected = Inspected
event-dig-mended = Defects mended
event-dig-moratorium-lifted = Moratorium lifted
event-dig-overlaps = Overlapping works found
event-dig-paid = Paid
event-dig-payment = Payment recorded
event-dig-payment-repeated = The same receipt again
event-dig-permit = Permit written
event-dig-permitted = Permit issued
event-dig-prefilled = Trench proposed
event-dig-refused = Refused
event-dig-regularised = Regularised
event-dig-renewed = Renewed
event-dig-requested = Requested
event-dig-restored = Street restored
event-dig-revoked = Permit revoked
event-dig-seen = Site visited
event-dig-silence = A company was silent
event-dig-silence-revoked = Silence taken back
event-dig-spawned = Made from a permit case
event-dig-started = Works began
event-dig-supervised = Supervision report
event-dig-surveyed = Ground checked
event-dig-tested = Pavement tested
event-dig-testing = Pavement tests
event-dig-visited = Visited
event-dig-warned = Warning given
event-dig-withdrawn = Withdrawn
event-dig-working = Works under way
event-digs-spawned = Excavations of the connections drafted
event-join-agreed = One trench agreed
event-join-declined = Joint trench declined
event-join-half-accepted = Joint trench accepted by one side
event-plan-cancelled = Plan cancelled
event-plan-done = Plan done
event-plan-set = Plan entered
event-trench-accepted = Report accepted by the owner
event-trench-rejected = Report rejected by the owner
event-trench-reported = Reported from the trench
hint-ask-second-officer = Another officer must decide this.
hint-ask-who-may = It may be done now by: { $roles }.
hint-do-what-is-possible = Possible for you now: { $possible }.
hint-fulfil-first = Needed: { $needs }.
hint-nothing-to-do-now = There is nothing for you to do here now.
join-agreed = Agreed
join-declined = Declined
join-gone = No longer overlapping
join-half-accepted = Accepted by one side
join-offered = Offered
pavement-asphalt = Asphalt
pavement-concrete = Concrete
pavement-gravel = Gravel
pavement-paving-stone = Paving stone
pavement-soil = Soil
plan-cancelled = Cancelled
plan-done = Done
plan-planned = Planned
photo-damaged = its file is damaged
photo-not-an-image = it is no picture
photo-size = its width or height is out of range
reason-agency-needed = it is not said whose works these are
reason-asphalt-age-out-of-range = the age of the asphalt must be 0 to 200 years
reason-defect-not-open = one of these defects is not open
reason-depth-needed = the depth that was found is needed
reason-ends-before-start = the works end before they start
reason-excavation-needed = it is not said where the street is opened
reason-feature-unknown = the layer has no feature { $where }
reason-incident-is-no-draft = an incident is filed at once
reason-incomplete = place, dates and pavement are needed
reason-layer-needed = a feature is named, but not the layer it belongs to
reason-layer-unknown = the city has no such layer
reason-length-out-of-range = the length is out of range
reason-no-moratorium = there is no moratorium here
reason-nobody-to-ask = nobody is left to be asked again
reason-paved-in-the-future = a street that is not paved yet cannot be entered as paved
reason-quality-coefficient-out-of-range = the quality coefficient must be more than 0 and at most 10
reason-reason-needed = a rejection needs a reason
reason-renewal-not-later = the new end must be later than the old one and not in the past
reason-restored-in-the-future = the street cannot be restored in the future
reason-starts-before-its-time = the permitted works begin later
reason-starts-in-the-future = works that have begun cannot begin in the future
reason-surplus-negative = a surplus cannot be negative
reason-top-out-of-range = the upper side of a bore lies above its lower side, at most at the surface
reason-width-out-of-range = the width is out of range
reason-works-too-long = the works last too long for one permit
term-confirmed = confirmed
term-unconfirmed = unconfirmed
trench-fault-damaged = Damaged
trench-fault-not-shown = Not shown at all
trench-fault-not-where-shown = Not where it is shown
trench-fault-other-depth = Other depth
trench-status-accepted = Accepted: correction expected
trench-status-open = Waits for its owner
trench-status-rejected = Rejected
work-relation-along = Side by side
work-relation-crossing = Crossing
## digs: end

## control list: begin
action-keep-control-list = enter into or lift from the control list
action-read-control-list = see the control list
bar-party-agency = Company
bar-party-contractor = Contractor
bar-state-active = On the list
bar-state-ahead = From a later day
bar-state-lifted = Lifted
bar-state-over = Time is over
dig-need-not-listed = nobody of it on the control list
dig-warning-listed = Dug by somebody on the control list
error-bar-lifted = { $by } has lifted this entry of the control list already.
error-bar-not-found = There is no entry { $bar_id } in the control list here.
error-party-barred = { $name } is on the city’s control list from { $from_on } { $until_on } and gets no new excavation permit. Reason: { $reason }.
event-bar-entered = Entered into the control list
event-bar-lifted = Lifted from the control list
event-dig-listed = Dug by somebody on the control list
hint-ask-the-control-list = Name another contractor, or ask the municipality’s excavation office to lift the entry.
reason-bar-ends-too-soon = the entry would end before it begins, or is over already
reason-contractor-name-needed = the contractor’s name is needed
until-day = until { $day }
until-lifted = until it is lifted
## control list: end

## map of an excavation: begin
left-out-withheld = not shown to your role
sheet-ages = What the map knows, and how old it is
sheet-company = Company
sheet-conditions = Conditions of the permit
sheet-conditions-suggested = Conditions suggested
sheet-contacts = Whom to call
sheet-contractor = Contractor
sheet-copy = This is a copy. An empty place on it is no promise: look at each layer’s date, and locate before digging.
sheet-dates = Works
sheet-depth = Depth (m)
sheet-dig = Excavation
sheet-findings = Lines in the way or near
sheet-last-day = Last day
sheet-made = made { $at } by { $by }
sheet-method = Method
sheet-near = Other works nearby
sheet-no-findings = The check found none that it kept. Layers that could not answer are listed below.
sheet-permit = Permit
sheet-scale = Scale on A4: 1 : { $scale }
sheet-size = Length × width (m)
sheet-status = Status
sheet-supervisor = Supervisor
ui-take-along = Map to take along
ui-take-along-page = For phone and paper
## map of an excavation: end

## crisisweb: begin
building-use-ambulance-station = Ambulance station
building-use-care-home = Care home
building-use-childcare = Childcare
building-use-church = Church
building-use-civic = Civic building
building-use-clinic = Clinic
building-use-college = College
building-use-community-centre = Community centre
building-use-dialysis = Dialysis
building-use-dormitory = Dormitory
building-use-emergency = Emergency services
building-use-fire-station = Fire station
building-use-health = Health care
building-use-hospital = Hospital
building-use-hotel = Hotel
building-use-kindergarten = Kindergarten
building-use-medical = Medical
building-use-mosque = Mosque
building-use-nursing-home = Nursing home
building-use-police = Police
building-use-public = Public building
building-use-school = School
building-use-sports-hall = Sports hall
building-use-university = University
start-device = Valve or switch
start-node = Node
start-source = Source or transformer
ui-crisis = Crisis
ui-crisis-again = Ask again
ui-crisis-all-of-it = Without squeezing all of it would be shut: { $count } connections
ui-crisis-area = Area
ui-crisis-bar = bar
ui-crisis-broken-here = Broken here
ui-crisis-buildings = buildings lie in the zone
ui-crisis-call = Call
ui-crisis-click = Click the map
ui-crisis-click-how = A click on a line says at once which valves to close and who loses supply; a click anywhere else, what is there and whom to call.
ui-crisis-click-line = Click the line that broke
ui-crisis-click-line-how = Or choose it under “What is here”.
ui-crisis-close = Close the incident
ui-crisis-connections = connections
ui-crisis-contacts = Contacts (CSV)
ui-crisis-crossed = The outline crosses itself.
ui-crisis-cut = { $cut } in the section, { $beyond } beyond it.
ui-crisis-danger = In danger
ui-crisis-danger-how = Then the hazard zone is drawn, and what of others lies in it.
ui-crisis-depends = Stops with it: { $count }
ui-crisis-depends-none = No pump, exchange or the like is known to hang on it.
ui-crisis-done-of = { $done } of { $all } done
ui-crisis-downstream = Downstream
ui-crisis-draw = Draw an area
ui-crisis-draw-done = Ask for this area
ui-crisis-draw-how = Click the corners on the map; at least three.
ui-crisis-find = Parcel, valve or line
ui-crisis-flow = Upstream and downstream
ui-crisis-flow-ends = Ends at
ui-crisis-flow-lines = { $count } lines, { $length }
ui-crisis-follow = Follow
ui-crisis-from-click = { $distance } from the click
ui-crisis-from-node = { $distance } from
ui-crisis-hangs = Has supply only through here
ui-crisis-hazard = Hazard zone { $distance }
ui-crisis-hazard-asked = The distance that you asked for.
ui-crisis-hazard-assumed = No rule is known for this line; the distance is assumed.
ui-crisis-here = What is here
ui-crisis-in-area = Area { $area }
ui-crisis-in-danger = In the zone: { $count }
ui-crisis-incident = Incident
ui-crisis-incidents = Incidents
ui-crisis-incidents-none = No other incidents.
ui-crisis-key-segment = Shut off: { $mains } mains, { $length }
ui-crisis-key-unintended = Loses supply with it: { $count } lines
ui-crisis-kind = What has happened
ui-crisis-kv = kV
ui-crisis-layers = All layers here
ui-crisis-layers-bad = Missing or old layers
ui-crisis-leave = Put aside
ui-crisis-lines = { $count } objects
ui-crisis-log = Log: { $count }
ui-crisis-log-add = Write down
ui-crisis-log-agency = Who
ui-crisis-log-kind = What was done
ui-crisis-log-text = In words
ui-crisis-lost = Without supply
ui-crisis-lost-with = Without supply with it
ui-crisis-lowest = Lowest quality
ui-crisis-middle = Ask at the middle of the map
ui-crisis-more = +{ $count } connections
ui-crisis-ms = { $ms } ms
ui-crisis-nearest = nearest { $distance }
ui-crisis-no-incident = No incident taken up
ui-crisis-no-lines = No network is known here.
ui-crisis-no-more = nobody more
ui-crisis-no-parcel = Nothing here has this number.
ui-crisis-no-phone = no telephone
ui-crisis-no-priority = No hospital, school or pump among them is known.
ui-crisis-no-trenches = None known.
ui-crisis-none-in-danger = Nothing of others lies in the zone.
ui-crisis-not-known = Not known here
ui-crisis-not-stuck = It moves after all
ui-crisis-note = First note
ui-crisis-oldest = Oldest survey
ui-crisis-open = Open an incident
ui-crisis-open-count = { $count } open
ui-crisis-open-how = Everybody who looks at the city sees it at once; from then on is written down who did what.
ui-crisis-opened = opened
ui-crisis-others = Other agencies: { $count }
ui-crisis-outcome = What came of it
ui-crisis-pack = Offline pack of this area
ui-crisis-packing = Packing…
ui-crisis-parcel-count = parcels
ui-crisis-parcels = Parcels: { $count }
ui-crisis-parts = Parts of the crisis desk
ui-crisis-place = Place asked about
ui-crisis-place-first = Click the place on the map first.
ui-crisis-reach = Another distance (m)
ui-crisis-reach-wrong = More than 0 and at most 2000 m.
ui-crisis-restore = Open these again, and part of the lost has supply
ui-crisis-restore-switch = Close these again, and part of the lost has supply
ui-crisis-right-here = right here
ui-crisis-show = Show { $id } on the map
ui-crisis-show-place = Show the place
ui-crisis-shut = Shut off
ui-crisis-snaps = Assumed joins
ui-crisis-snaps-here = { $here } here, { $all } in the network
ui-crisis-source = Source to shut
ui-crisis-sources-off = Inside the section: shut these too
ui-crisis-squeeze = Squeeze off at { $count } points
ui-crisis-squeeze-how = No valve is near. Squeezed at these points, not all { $all } connections lose supply.
ui-crisis-squeeze-lost = connections lose supply
ui-crisis-squeeze-point = Squeeze here
ui-crisis-squeeze-valves = Close besides:
ui-crisis-supplied = Network with known supply
ui-crisis-switches = Switches to open: { $count }
ui-crisis-tick-how = Tick what is done; it is written into the incident's log.
ui-crisis-tick-not = Take up an open incident to tick them off.
ui-crisis-tick-opens = The first tick opens an incident, which keeps the log.
ui-crisis-time = Time taken
ui-crisis-title = Crisis desk
ui-crisis-took = answered in { $ms } ms
ui-crisis-transformers-off = Switch off besides
ui-crisis-trench = Open trench
ui-crisis-trenches = Open trenches: { $count }
ui-crisis-truncated = Only the nearest are listed; there are { $count }.
ui-crisis-trust = Confidence
ui-crisis-trust-none = Nothing speaks against it.
ui-crisis-units = units
ui-crisis-units-assumed = { $count } units are counted as one per building.
ui-crisis-upstream = Upstream
ui-crisis-valve-closed = Closed
ui-crisis-valve-opened = Switched off
ui-crisis-valve-stuck = Stuck: does not move
ui-crisis-valve-to-close = To close
ui-crisis-valve-to-open = To switch off
ui-crisis-valves = Valves to close: { $count }
ui-crisis-what = Where or what, in a few words
ui-crisis-what-if = What if it is stuck?
ui-crisis-which = Which network
ui-crisis-whom = Whom to call
ui-crisis-withheld = not shown to you
ui-crisis-within = within { $distance }
ui-crisis-write-freed = Write down: moves again
ui-crisis-write-stuck = Write down as stuck
ui-legend-crisis = In a crisis
ui-legend-hazard = Hazard zone
ui-legend-segment = Shut off
ui-legend-unintended = Loses supply with it
ui-legend-valve = Valve or switch, by number
## crisisweb: end

## digs page: begin
cost-input-age-factor = age factor
cost-input-area-m2 = area (m²)
cost-input-damage = damage
cost-input-earlier-digs = earlier digs
cost-input-joint-width-m = joint width (m)
cost-input-method-factor = method factor
cost-input-pavement = pavement
cost-input-quality-coefficient = quality
cost-input-rate = rate per m²
cost-input-repeat-coefficient = repeat coefficient
cost-input-share = share
cost-input-shared-area-m2 = shared area borne (m²)
cost-input-shared-length-m = shared length (m)
cost-input-stretches = stretches together
dig-ask-accept-finally = The guarantee period is over and nothing is open: the street is the city's again.
dig-ask-accept-provisionally = Both pavement tests are passed. With this the guarantee period begins.
dig-ask-answer = The answer of a company. As an officer you write down the letter of the company you name.
dig-ask-calculate = The costs are computed from the dimensions, the pavement, its age and earlier digs here. Every figure is shown.
dig-ask-fix-defects = All open defects are mended. The officer looks at them again.
dig-ask-inquire = All companies with lines nearby are asked. Their clock begins now: 15 days, silence counts as no objection and makes them liable.
dig-ask-override-moratorium = The street was repaved lately. Another officer than the one who handles this may lift the moratorium, with authority and reason.
dig-ask-pass-inspection = The restored street is in order. Next come the two pavement tests.
dig-ask-pay = A payment with the number of its receipt. The same receipt counts once.
dig-ask-permit = With this the street may be opened in the stated time, under these conditions and those of the companies.
dig-ask-record-test = A laboratory's test of the pavement: stage 1, then stage 2.
dig-ask-refuse = The request is refused. The reason goes to the applicant.
dig-ask-reinquire = All companies that object, or whose answer has run out, are asked again: 5 days.
dig-ask-renew = The permit gets a new end. Renewals are counted and limited.
dig-ask-report-defects = What is not in order goes to the one who dug, to be mended.
dig-ask-request-handover = The street is restored. The officer looks at it.
dig-ask-revoke = The permit ends now. Ground that was opened is handed back all the same.
dig-ask-revoke-silence = This company's silence no longer counts as no objection: it is asked again.
dig-ask-start = The works begin. Everyone on the calendar sees it.
dig-ask-submit = The request goes to the officer, who visits the site.
dig-ask-supervise = How well the works are done: 0 (bad) to 100.
dig-ask-visit = What you found on site. It decides about the costs. What you leave out stays as stated.
dig-ask-withdraw = The request is withdrawn. Nothing more will be asked or billed.
dig-field-agency = Company
dig-field-amount = Amount
dig-field-answer = Answer
dig-field-asphalt-age-years = Age of the asphalt (years)
dig-field-asphalt-thickness-cm = Thickness of the asphalt (cm)
dig-field-authority = By whose decision
dig-field-defects = Defects
dig-field-ends-on = New end
dig-field-laboratory = Laboratory
dig-field-minutes-no = Number of the minutes
dig-field-note = Remark
dig-field-on = Began on
dig-field-paid-on = Paid on
dig-field-passed = Outcome
dig-field-pavement = Pavement
dig-field-quality-coefficient = Quality coefficient
dig-field-reason = Reason
dig-field-receipt-no = Receipt number
dig-field-restored-on = Restored on
dig-field-result = Result
dig-field-safety-approval-no = Safety approval no.
dig-field-score = Score (0–100)
dig-field-stage = Stage
dig-field-traffic-approval-no = Traffic approval no.
dig-kind-how-connection = one building
dig-kind-how-development = an agency's main
dig-kind-how-incident = dig first, regularise after
dig-kind-plan = Planned work
dig-phase-closed = Final hand-over
dig-phase-costs = Costs
dig-phase-filed = Request
dig-phase-guarantee = Guarantee period
dig-phase-handover = Hand-over of the street
dig-phase-inquiry = Companies' answers
dig-phase-payment = Payment
dig-phase-permit = Permit
dig-phase-regularise = Regularisation of the incident
dig-phase-tests = Pavement tests
dig-phase-visit = Site visit
dig-phase-works = Works
dig-silence-answers-run-out = After that the companies' answers no longer hold, and they must be asked again.
dig-silence-deemed = Silence after that counts as no objection, and makes the company liable.
dig-silence-delay-fine = Each day beyond the allowed delay costs a fine; then the permit runs out.
dig-silence-guarantee-ends = Until then the one who dug mends what sinks or breaks; after that the final hand-over follows.
dig-silence-overdue-incident = If it is not regularised by then, the officer is warned and may revoke it.
dig-silence-permit-expires = If the works do not begin and end by then, the permit runs out; it may be renewed.
ui-agency-all = All agencies
ui-answer-holds = The answer holds until
ui-asphalt-age = Age of the asphalt (years)
ui-back = Back
ui-blocked = Not possible yet
ui-blocked-needs = needs
ui-bore-top = From the surface to the bore's upper side
ui-bore-top-how = The depth is that of its floor. Lines may pass above it.
ui-companies-how = Each company's clock begins when it is asked. Half-way and near the end the handler is warned.
ui-companies-none = No company has been asked yet. They are asked after the site visit.
ui-conditions-suggested = Conditions that the ground suggests
ui-conditions-take = Conditions from the ground; the companies' own are added
ui-contractor = Contractor
ui-correction-by = Correction by
ui-costs-at = Calculated
ui-costs-due = Still to pay
ui-costs-none = The costs are calculated when the companies have answered.
ui-costs-paid = Paid
ui-costs-total = Total
ui-costs-unconfirmed = { $count ->
     [one] { $count } term behind this is not confirmed by the city yet
    *[other] { $count } terms behind this are not confirmed by the city yet
}
ui-dates = Dates
ui-day = Day
ui-day-clear = Clear
ui-days-late = { $count ->
     [one] { $count } day late
    *[other] { $count } days late
}
ui-decline = Decline
ui-decline-how = { $agency } will dig its own trench. The reason stays in both histories; the offer opens again when either work changes.
ui-defect-mended = mended
ui-defect-open = open
ui-depth-found = Depth found
ui-depth-found-how = From the surface to the top of the line.
ui-dig-agency = For whose network
ui-dig-case = Permit case
ui-dig-case-open = Open the case
ui-dig-complete = Complete the draft
ui-dig-from-case = Made from an approved permit case; parcel
ui-dig-kind = Kind
ui-dig-new = New dig
ui-dig-open = Open the dig
ui-dig-parts = Parts of the excavation
ui-dig-permit = Excavation permit
ui-dig-title = What is done
ui-digs = Digs
ui-digs-calendar = Calendar of works
ui-digs-empty = No excavation found
ui-digs-list = Excavations
ui-digs-parts = Parts of this page
ui-digs-reports = Trench reports
ui-digs-search = Number, parcel, title, name
ui-drafts = { $count ->
     [one] { $count } draft waits for completion
    *[other] { $count } drafts wait for completion
}
ui-earlier = Earlier
ui-earlier-digs = Earlier digs here
ui-ends-on = To
ui-failed = failed
ui-fewer = Show fewer
ui-handler = Handled by
ui-incident-how = The ground is opened at once. The dates may be left out; the request is completed within the days that the city gives.
ui-incident-open = Report the incident
ui-join = Join
ui-join-for = Join for { $agency }
ui-last-day = Last day
ui-later = Later
ui-liable = Liable for silence
ui-liable-why = It did not answer in time: it is liable for its lines here.
ui-month = Month
ui-moratorium = Moratorium: this street was repaved
ui-moratorium-how = No permit before that, unless another officer lifts it with authority and reason.
ui-moratorium-lifted = Moratorium lifted
ui-on-map = On the map
ui-one-per-line = One per line.
ui-open-overlaps = { $count ->
     [one] { $count } nearby work
    *[other] { $count } nearby works
}
ui-open-warnings = { $count ->
     [one] { $count } warning
    *[other] { $count } warnings
}
ui-pair-accepted = Joined
ui-pair-agreed = One trench agreed: { $saved } saved
ui-pair-could = Could share one trench: { $saved } saved
ui-pair-cross = The two cross: no common stretch, agree who digs first
ui-pair-gap = { $days ->
     [0] at the same time
     [one] { $days } day apart
    *[other] { $days } days apart
}
ui-pair-near = { $distance } apart: no common stretch
ui-pair-not-yet = not yet
ui-pair-share = bears { $share }
ui-pair-shared = { $shared } together, { $width } wide
ui-pairs = { $count ->
     [one] { $count } joint trench possible
    *[other] { $count } joint trenches possible
}
ui-pairs-all = Show all { $count }
ui-pairs-near = { $count ->
     [one] { $count } other pair lies near without a common stretch
    *[other] { $count } other pairs lie near without a common stretch
}
ui-pairs-saved = up to { $saved } of digging saved
ui-passed = passed
ui-pavement = Pavement
ui-people = People
ui-photo-of = Photo of report { $no }
ui-photo-open = Open the photo
ui-photo-taken = Taken
ui-problem-agency = Say for whose network
ui-problem-dates = Both dates are needed
ui-problem-dates-order = The end is before the beginning
ui-problem-top = 0 or more, and less than the depth
ui-problem-trench = Draw the trench on the map
ui-problem-width = More than 0 and at most 50 m
ui-quarter = Quarter
ui-receipts = Receipts
ui-records = Visits, tests, defects
ui-renewals = { $count ->
     [one] renewed { $count } time
    *[other] renewed { $count } times
}
ui-repeat-coefficient = repeat coefficient
ui-report-accept = Accept
ui-report-accept-how = The map is wrong here. The line carries a mark until your corrected layer comes.
ui-report-another = Another one
ui-report-at-dig = At the dig
ui-report-at-me = Where I stand
ui-report-at-middle = In the middle of the map
ui-report-locate-failed = Your position could not be found. Tap on the map instead.
ui-report-locating = Finding your position…
ui-report-more = Say more: utility, depth, remark
ui-report-new = Report from the trench
ui-report-no-photo = Send without a photo
ui-report-waits-office = Waits for the permit office
ui-report-owner-unknown = owner unknown
ui-report-photo = Take a photo
ui-report-place = Place of the report
ui-report-reject = Reject
ui-report-reject-how = The map stays as it is. Say why, for whoever stands in the trench.
ui-report-sent = Sent
ui-report-sent-to = { $agency } will answer.
ui-report-sent-unknown = Nobody's line is known here: the permit office looks for the owner.
ui-report-step = Step { $step } of 3
ui-report-take = Camera
ui-report-take-how = It is sent as soon as the photo is there.
ui-report-utility = Whose it seems to be
ui-report-what = What is wrong?
ui-report-where = Where?
ui-report-where-how = Tap on the map, or:
ui-reports-how = What was found in the ground and was not as the maps show. Each owner answers.
ui-reports-none = No reports
ui-reports-none-here = Nothing was reported from this trench.
ui-restored-on = Restored on
ui-round = question { $round }
ui-second-officer = You, { $handler }, handle this excavation: another officer must decide about the moratorium.
ui-send = Send
ui-shared-how = Works within 50 m and 90 days. Where they run side by side, one trench serves both, and the costs are split.
ui-shared-none = No other work is near in place and time.
ui-started-on = Began on
ui-starts-on = From
ui-supervisor = Supervisor
ui-tab-companies = Companies
ui-tab-costs = Costs
ui-tab-ground = Ground
ui-tab-shared = One trench
ui-test-stage = stage { $stage }
ui-today = Today
ui-trench = Trench
ui-trench-area = Area
ui-trench-area-how = Click the corners of the area in order, then press Finish.
ui-trench-axis = Trench along a line
ui-trench-axis-how = Click along the middle of the trench, then press Finish. One click alone is a pit.
ui-trench-length = Length
ui-trench-none = Nothing is drawn yet.
ui-trench-pit = A pit
ui-trench-width = Width
ui-waits-for = Waits for
ui-works-count = { $count ->
     [one] { $count } work
    *[other] { $count } works
}
ui-works-in-window = { $count ->
     [one] { $count } work in this time
    *[other] { $count } works in this time
}
ui-works-none = Nobody plans to open a street in this time.
ui-works-truncated = There are more works than can be shown. Choose an agency.
ui-year = Year
ui-years-old = { $years ->
     [one] { $years } year old
    *[other] { $years } years old
}
## digs page: end

## desk: begin
action-read-desk = See a company's desk
action-read-tariff-lag = See how long tariff changes take
action-work-at-desk = Answer at a company's desk
error-desk-has-system = { $agency } has a system of its own: its orders go there. The desk answers inquiries only.
error-desk-task-changed = This task was answered, withdrawn or taken up since you read it. Read it again before you go on.
error-desk-task-not-found = There is no such task at this desk.
error-desk-unknown = { $given } is no consulted company of a served city. Known: { $known }.
event-desk-answered = Answered at the company's desk
event-desk-done = Done at the company's desk
event-desk-refused = Refused at the company's desk
reason-capacity-unreadable = the proposed capacity { $where } is no amount that was asked for
reason-desk-not-an-inquiry = this task is an order, not an inquiry
reason-desk-not-an-order = this task is an inquiry, not an order
reason-documents-missing = Documents are missing that we need for an answer.
reason-offer-already-over = the offer would be over before today
reason-offer-out-of-range = the amount of the offer is out of range
reason-order-number-missing = your own number of the order is missing
reason-other = For another reason; see the note.
reason-reason-missing = a refusal needs its reason
reason-receipt-missing = the number of the receipt is missing
refusal-other = For another reason; see the note.
cli-database-away = The database does not answer ({ $reason }). Start it with "panjereh db up" or "panjereh run", or check PANJEREH_DATABASE_URL.
cli-schema-missing = The database has not the schema of this version ({ $reason }). Bring it up to date with "panjereh migrate".
desk-ask-cancel = Another company has refused, or the time is over. Release what you held: nothing is connected and no tariff changes.
desk-ask-confirm = Every company holds its part. Carry the order out: the connection is sold, and the tariff changes on the effective date.
desk-ask-inquire = The municipality asks whether and how you can serve this parcel.
desk-ask-try = The permit is decided. Hold the order: reserve the connection and enter the tariff change, but do not carry it out yet.
desk-done-cancel = Released
desk-done-confirm = Carried out
desk-done-try = Held
desk-lapse-cancel = If nothing is said until then, the municipality's officer is told.
desk-lapse-confirm = If nothing is said until then, the municipality's officer is told.
desk-lapse-inquire = Silence is no answer: after that the officer may decide without you. Your answer counts until the decision.
desk-lapse-late = The time has passed. Your answer still counts until the officer decides.
desk-lapse-try = If you do not hold it by then, the order is withdrawn from every company.
desk-number-confirm = Number of the tariff receipt
desk-number-try = Your order number
desk-op-cancel = Release the order
desk-op-confirm = Carry the order out
desk-op-inquire = Inquiry: can it be served?
desk-op-try = Hold the order
desk-refuse-cancel = Cannot be released
desk-refuse-confirm = Not carried out
desk-refuse-try = Refused
desk-refused-then-cancel = The municipality's officer is told and looks for a way with you.
desk-refused-then-confirm = The municipality's officer is told; the other companies' orders stay as they are.
desk-refused-then-try = What the other companies hold is released, and the officer decides how to go on.
ui-as-csv = Table (CSV)
ui-case = Case
ui-days = { $count ->
     [one] { $count } day
    *[other] { $count } days
}
ui-desk = Desk
ui-desk-all = All companies
ui-desk-answer = Your answer
ui-desk-answer-by = Answer by
ui-desk-answered = The answer that counts
ui-desk-as-offered = as offered
ui-desk-back = All tasks
ui-desk-count = { $count ->
     [one] { $count } task waits
    *[other] { $count } tasks wait
}
ui-desk-dig = Inquiry: may one dig here?
ui-desk-digs-of-one = Choose a company to see the excavation inquiries that wait for it too.
ui-desk-do-by = By
ui-desk-empty = Nothing waits here
ui-desk-empty-how = New inquiries and orders appear here by themselves.
ui-desk-ended = Ended
ui-desk-has-system = own system
ui-desk-hold-until = Hold until
ui-desk-how = Inquiries and orders for your company, what is due first on top. Silence is never a yes: after the deadline an officer decides.
ui-desk-how-system = Your system answers inquiries and carries out orders. Here you answer an inquiry in its place; the first answer counts.
ui-desk-instead = Your company has a system. If you answer here, what it sends later is kept but does not count.
ui-desk-late = { $count ->
     [one] { $count } overdue
    *[other] { $count } overdue
}
ui-desk-no-connection = none; the tariff alone changes
ui-desk-of = Desk: { $agency }
ui-desk-offer-no = Offer number
ui-desk-only-own = Only the company's own people answer here.
ui-desk-order = Order
ui-desk-overdue = Overdue
ui-desk-own-line = Your line
ui-desk-proposal = Proposed service line
ui-desk-read-again = Read it again
ui-desk-result = What was done
ui-desk-see-case = The whole answer in the case
ui-desk-send-answer = Send the answer
ui-desk-take-estimate = Take over the estimate: { $amount }
ui-desk-trench = One trench with { $with } saves { $saved }.
ui-desk-waits = Waits for you
ui-desk-wanted = What is wanted
ui-desks = Companies' desks
ui-hours = { $count ->
     [one] { $count } hour
    *[other] { $count } hours
}
ui-lag-late = { $count ->
     [one] { $count } day late
    *[other] { $count } days late
}
ui-lag-longest = Longest
ui-lag-median = Median
ui-lag-open = Open
ui-lag-since = open for { $span }
ui-lag-took = { $span }
ui-lag-truncated = There are more than are shown here. The table file has up to 10,000.
ui-minutes = { $count ->
     [one] { $count } minute
    *[other] { $count } minutes
}
ui-tariff-lag = Tariff changes
ui-tariff-lag-how = From the decision until the company confirmed the change of the tariff. What is still open stands first.
ui-tariff-lag-none = No tariff has been changed yet
tariff-basis-assumed = the tariff before is assumed
tariff-basis-confirmed = the tariff before was confirmed by the company
tariff-basis-recorded = the tariff before as the parcel layer records it
error-checkpoint-unreadable = The checkpoint, its heads or its key cannot be read, or was changed: { $reason }.
error-signature-wrong = The page is not signed by the holder of the key { $signer }.
task-books-differ = A company's books say something else
## desk: end

## entered into the calendar, redrawn, surveyed: begin
start-line = line
ui-barred = { $count ->
    [0] No work would open it before
    [one] { $count } work would open it before
   *[other] { $count } works would open it before
}
ui-barred-how = They get no permit while the street is closed, unless a second officer lifts the moratorium with authority and reason.
ui-calendar-enter = Enter into the calendar
ui-closed-until = Closed until
ui-crisis-redraw = Redraw the area
ui-crisis-redraw-done = Save the new area
ui-crisis-redraw-how = Click the corners of the area as it is now. The old one stays in sight; the change goes into the log.
ui-crisis-shut-here = Shut off
ui-moratorium-until = Closed to digging until { $day }
ui-paved-on = repaved { $day }
ui-paving-day = Repaved on
ui-paving-enter = Close the street
ui-paving-new = Repaved street
ui-paving-new-how = A street paved anew stays closed to digging for the term. Works that lie there are named at once.
ui-paving-source = Who says so
ui-paving-source-how = Contract, minutes or letter: it stands beside every refusal.
ui-paving-years = Term in years
ui-paving-years-how = Left empty: the city's own term.
ui-plan-change = Change the plan
ui-plan-enter = Enter the plan
ui-plan-new = Planned work
ui-plan-new-how = Works within 50 m and 90 days of it, and streets that are closed, are shown as soon as it is entered.
ui-plan-number = Own number
ui-plan-save = Save the change
ui-problem-day = Choose the day.
ui-problem-line = A line needs two points.
ui-problem-years = Whole years, 0 to 50.
ui-street = Street
ui-street-axis = Along the street
ui-street-axis-how = Click along the middle of the carriageway, from one end of the new pavement to the other.
ui-street-closed = Closed to digging
ui-street-none = Nothing drawn yet
ui-street-open = Open again
ui-street-part = What was repaved
ui-street-width = Width of the carriageway
ui-streets-closed = { $count ->
    [one] { $count } street closed to digging
   *[other] { $count } streets closed to digging
}
ui-survey = Survey first
ui-survey-all = All networks
ui-survey-counts = { $pairs } pairs among { $lines } lines
ui-survey-empty = No pair of this network is among those listed.
ui-survey-list = The list
ui-survey-made = made
ui-survey-none = No audit of this city yet
ui-survey-none-how = The list of lines that the records place too close is made on the server:
ui-survey-unconfirmed = { $count ->
    [one] { $count } pair is found by rules that nobody has confirmed.
   *[other] { $count } pairs are found by rules that nobody has confirmed.
}
ui-survey-unruled = Not checked, because no rule speaks of them:
ui-work-axis-how = Click along the trench. 50 m around it are compared with all other works.
ui-work-kind = What is entered
## entered into the calendar, redrawn, surveyed: end

## survey list kept up to date: begin
ui-survey-again = The list is being made again and will appear here by itself.
ui-survey-again-failed = Making it again failed.
ui-survey-again-off = Here it is not made again by itself.
ui-survey-current = up to date with everything published
ui-survey-first = The list is being made
ui-survey-first-failed = The list could not be made
ui-survey-first-how = All published lines are compared with each other. The list appears here by itself, as a rule within a few minutes.
ui-survey-newer-deliveries = Newer deliveries have been published since.
ui-survey-newer-rules = The rules have changed since.
ui-survey-newer-unknown = It is not known which deliveries this list was made of.
ui-survey-next = Next try:
ui-survey-none-lines = No network line has been published. Once one is, the list is made by itself.
## survey list kept up to date: end

## control list, split, taken back: begin
dig-silence-permit-over = The permit has run out: nothing is dug until it is renewed, and ground that was opened is handed back.
error-paving-taken-back = { $by } has taken this entry back already.
event-dig-unbarred = The pavement that barred it was entered wrongly
event-paving-entered = Repaved street entered
event-paving-taken-back = Entry taken back
ui-bar-enter = Put on the list
ui-bar-first = First day
ui-bar-first-how = left empty: today
ui-bar-from = from
ui-bar-how = Who is on the list gets no new excavation permit. What was permitted before stays permitted; an incident is dug first and says so.
ui-bar-last = Last day
ui-bar-last-how = left empty: until it is lifted
ui-bar-licence-how = A contractor is recognised by the licence number or the name, however it is spelt: give both where you have them.
ui-bar-lift = Take off the list
ui-bar-lift-how = { $name } may get new permits again at once. The entry and its reason stay readable.
ui-bar-name = Contractor’s name
ui-bar-new = Put on the control list
ui-bar-none = Nobody is on the control list
ui-bar-none-found = No such entry
ui-bar-reason-how = It stands beside every refusal, and the contractor reads it.
ui-bar-search = Name or licence number
ui-bar-who = Who is put on the list
ui-contractor-licence = Contractor’s licence no.
ui-dig-timeline = Where it stands
ui-digs-control = Control list
ui-entered-by = Entered by
ui-licence = Licence no.
ui-lifted-by = Lifted by
ui-listed = Barred by the control list
ui-listed-how = No permit is issued and no request is taken until the entry is over or lifted, or another contractor is named.
ui-listed-incident = An incident is dug first: this one is let through, and its history says so.
ui-listed-open = See the entry
ui-listed-permitted = It was permitted before, and stays permitted.
ui-split = { $count ->
    [one] One trench for { $count } work
   *[other] One trench for { $count } works
}
ui-split-accept-all = { $count ->
    [one] Join the other work
   *[other] Join the other { $count }
}
ui-split-agreed = Agreed
ui-split-alone = { $length } alone:
ui-split-declined = does not share with this work
ui-split-far = meets this work only through others
ui-split-how = Each bears its width’s share of a stretch. What does not divide evenly goes to the largest remainders, so that the parts sum exactly.
ui-split-in = In the trench
ui-split-offered = Offer to all
ui-split-open = has not answered yet
ui-split-own = this work
ui-split-pairs = { $count ->
    [one] Two by two: { $count } pair
   *[other] Two by two: { $count } pairs
}
ui-split-saved = { $saved } of digging and { $area } of pavement saved
ui-split-stretch = { $length }, { $width } wide, { $area }
ui-split-stretches = { $count ->
    [one] { $count } common stretch
   *[other] { $count } common stretches, one by one
}
ui-split-together = { $length } together:
ui-split-total = Restoring the pavement, all together
ui-split-truncated = More works meet here: these { $count } are reckoned with, the soonest first.
ui-streets-taken-back = { $count ->
    [one] { $count } entry was taken back
   *[other] { $count } entries were taken back
}
ui-take-back = Take the entry back
ui-take-back-how = { $count ->
    [0] The street was not paved as entered: it is open again at once. The entry stays, with your name and reason.
    [one] The street was not paved as entered: it is open again at once, and { $count } work is free. The entry stays, with your name and reason.
   *[other] The street was not paved as entered: it is open again at once, and { $count } works are free. The entry stays, with your name and reason.
}
ui-taken-back = Taken back
ui-taken-back-what = Entered wrongly: it bars nothing
## control list, split, taken back: end

## trees: begin
condition-protect-tree = Protect the tree and its roots in the marked strip, as the owner of the tree says
finding-tree-clear = The tree stands { $measured } m away, measured from { $from ->
    [axis] its trunk’s axis
   *[bark] its bark
}; { $required } m are required. Even at ±{ $uncertainty } m the distance is kept.
finding-tree-in-dig = The tree stands in the excavation. { $required } m of distance are required.
finding-tree-too-near = The tree stands { $measured } m from the excavation, measured from { $from ->
    [axis] its trunk’s axis
   *[bark] its bark
}; { $required } m are required.
finding-tree-undecidable = The map shows the tree { $measured } m away and { $required } m are required, but its place is known only to ±{ $uncertainty } m: { $percent } % that it is too near. Measuring from { $from ->
    [axis] the trunk’s axis
   *[bark] the bark
} on the ground decides.
issue-landuse-as-point = A point where areas are expected; trees delivered as points are a layer of their own (target “tree”)
issue-tree-not-a-point = No point: a tree is delivered as the point of its trunk’s axis; an outline of trees is a land use “tree”
issue-trunk-impossible = Impossible trunk; the layer’s usual one stands for it
property-crown-diameter-m = diameter of the crown (m)
property-species = species
property-trunk-diameter-mm = diameter of the trunk (mm)
property-trunk-source = how the trunk is known
target-tree = Trees
ui-crown = Diameter of the crown
ui-trunk = Diameter of the trunk
ui-trunk-assumed = { $count ->
    [one] One tree states no usable trunk: { $diameter } mm is assumed.
   *[other] { $count } trees state no usable trunk: { $diameter } mm is assumed.
}
utility-tree = Tree
unit-name-girth-cm = centimetres, girth
unit-name-girth-m = metres, girth
unit-name-girth-mm = millimetres, girth
unit-name-radius-cm = centimetres, radius
unit-name-radius-m = metres, radius
unit-name-radius-mm = millimetres, radius
## trees: end

## orders that only a company knows: begin
task-unexplained-order = A company has an order in our name that we know nothing of
unexplained-other-case = The company keeps it under another case.
unexplained-other-company = Its reference is that of an order at another company.
unexplained-other-number = We know this order under another number.
unexplained-refused = The company refused this order to us, and has it all the same.
unexplained-unknown-case = Its reference names a case that is not here.
unexplained-unknown-order = The case is here, but it never sent this order.
action-read-unexplained = See orders that only a company knows
order-absent = Not there
order-expired = Run out
order-tombstoned = Barred
ui-books-say = Ours: { $ours }. The company's: { $theirs }.
ui-our-number = we know it as
ui-reference = Reference
ui-unexplained = { $count ->
    [one] { $count } order in our name that we know nothing of
   *[other] { $count } orders in our name that we know nothing of
}
ui-unexplained-how = The comparison with the companies' books found this. Ask the company who placed the order and have it released: with the next comparison it is gone from here.
## orders that only a company knows: end

## conditions in full: begin
condition-told-around = up to { $within } m around the tree
condition-told-beside = up to { $within } m on either side of the line
condition-told-cover = at least { $cover } m of cover
condition-told-days-all = every day
condition-told-days-run = { $first } to { $last }
condition-told-hours = { $days }, { $from } to { $to }
condition-told-machine = { $area } m² ({ $percent } % of the dig) are left for the machine
condition-told-machine-none = no ground is left for the machine
condition-told-notice = announced { $hours } hours beforehand
condition-told-pits = { $count ->
    [one] one trial pit
   *[other] { $count } trial pits
}
finding-line-crosses = It crosses the proposed line { $vertical } m above or below it, and { $required } m beside it are required: { $percent } % that it is too near.
finding-line-crosses-depth-unknown = It crosses the proposed line, and the depth of one of them is unknown. { $required } m beside it are required: { $percent } % that it is too near.
finding-line-crosses-same-depth = It crosses the proposed line at the same depth, and { $required } m beside it are required: { $percent } % that it is too near.
finding-line-crossing-same-depth = It crosses the proposed line at the same depth; { $required } m above or below are required: { $percent } % that it is too near.
finding-line-through = The proposed line runs through it; { $required } m of distance are required.
list-comma = {", "}
list-semicolon = {"; "}
sheet-metres = { $length } m
sheet-north = N
sheet-rows = no. { $rows }
ui-crosses = runs through the dig
ui-crosses-over = runs through the dig for { $distance }
ui-crosses-short = through
ui-depth-unknown = depth unknown
ui-in-dug-depth = at a depth that is dug
ui-slot-left = { $offset } to the left of the middle
ui-slot-middle = in the middle
ui-slot-right = { $offset } to the right of the middle
ui-trench-seen = Left and right as seen from the plot towards the main.
weekday-1 = Monday
weekday-2 = Tuesday
weekday-3 = Wednesday
weekday-4 = Thursday
weekday-5 = Friday
weekday-6 = Saturday
weekday-7 = Sunday
## conditions in full: end
