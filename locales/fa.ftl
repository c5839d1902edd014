
## api: problem titles by status
problem-400 = درخواست قابل فهم نیست
problem-401 = نخست وارد شوید
problem-403 = اجازه ندارید
problem-404 = یافت نشد
problem-405 = این روش اینجا عرضه نمی‌شود
problem-409 = وضعیت تغییر کرده است
problem-413 = بیش از اندازه بزرگ
problem-415 = قالب ناشناخته
problem-422 = درخواست انجام‌شدنی نیست
problem-500 = خطایی رخ داد
problem-503 = اکنون در دسترس نیست

## api: refusals
error-body-too-large = درخواست از { $limit_bytes } بایت بزرگ‌تر است.
error-cross-site-request = تغییر با نشست مرورگر باید از خود همین صفحه فرستاده شود.
error-crs-missing = مختصات بدون دستگاه مختصات فرستاده شده است.
error-database-away = پایگاه داده اکنون پاسخ نمی‌دهد. چیزی از دست نرفته است.
error-form-invalid = شکل درخواست درست نیست: { $fields }.
error-idempotency-key-invalid = کلید Idempotency-Key باید ۱ تا ۲۵۵ نویسهٔ دیدنی داشته باشد.
error-idempotency-key-missing = سرآیند Idempotency-Key فرستاده نشده است.
error-internal = خطایی رخ داد که نباید رخ می‌داد. شمارهٔ رویداد { $incident }.
error-not-allowed = نقش { $role } اجازهٔ این کار را ندارد: { $action }.
error-not-authenticated = این کار به توکن یا ورود نیاز دارد.
error-not-found = در نشانی { $path } چیزی نیست.
error-settings-unreadable = فایل تنظیمات { $path } خوانده نمی‌شود.
error-unknown-parameter = پارامترهای ناشناخته: { $unknown }. پارامترهای شناخته‌شدهٔ اینجا: { $known }.
error-layer-unknown = چنین لایه‌هایی نیست: { $unknown }.
error-tile-outside = چنین کاشی‌ای وجود ندارد.
error-point-invalid = نقطه باید به شکل طول,عرض جغرافیایی و به درجه داده شود.

## api: hints
hint-agency-not-connected = این دستگاه اینجا متصل نیست؛ آن را به فایل دستگاه‌ها بیفزایید.
hint-send-bearer-token = توکن را در سرآیند Authorization بفرستید، یا در صفحه وارد شوید.
hint-send-idempotency-key = یک مقدار تصادفی تازه بفرستید، و در تکرار درخواست همان را.
hint-state-crs = آن را به شکل EPSG:شماره بنویسید، برای نمونه { $known }.
hint-token-not-live = این توکن ناشناخته، منقضی یا باطل‌شده است.
