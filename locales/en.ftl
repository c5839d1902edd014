
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
error-tile-outside = There is no such tile.
error-point-invalid = The point must be given as longitude,latitude in degrees.

## api: hints
hint-agency-not-connected = This agency is not connected here; add it to the agencies file.
hint-send-bearer-token = Send a token in the Authorization header, or sign in on the page.
hint-send-idempotency-key = Send a fresh random value, and the same one when you repeat the request.
hint-state-crs = State it as EPSG:number, for example { $known }.
hint-token-not-live = The token is unknown, expired or revoked.
