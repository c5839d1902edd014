
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
error-point-invalid = نقطه باید به شکل طول,عرض جغرافیایی و به درجه داده شود.

## api: hints
hint-agency-not-connected = این دستگاه اینجا متصل نیست؛ آن را به فایل دستگاه‌ها بیفزایید.
hint-send-bearer-token = توکن را در سرآیند Authorization بفرستید، یا در صفحه وارد شوید.
hint-send-idempotency-key = یک مقدار تصادفی تازه بفرستید، و در تکرار درخواست همان را.
hint-token-not-live = این توکن ناشناخته، منقضی یا باطل‌شده است.

## web: the page
ui-about = حدود
ui-actions = اقدام‌ها
ui-added = افزوده
ui-agency = شرکت
ui-agreement = سازگاری با لایه‌های دیگر
ui-agreement-limit = از { $distance } به بالا، تحویل برای تصمیم نگه داشته می‌شود.
ui-agrees = لایه‌ها با هم می‌خوانند.
ui-agrees-within = با اختلاف حداکثر { $distance } می‌خواند.
ui-all-findings = همهٔ یافته‌ها
ui-anchors = نقطه‌ها
ui-anchors-of = { $used } از { $all } جور است
ui-and = {" و "}
ui-and-more = و { $count } مورد دیگر
ui-answered-at = تاریخ پاسخ
ui-applicant = متقاضی
ui-applicant-name = نام و نام خانوادگی
ui-apply-all = یکسان برای همه
ui-approve-automatic = پروانه این شرط‌ها را هم خواهد داشت
ui-approve-extra = شرط‌های دیگر
ui-approve-extra-hint = هر شرط در یک سطر.
ui-approve-violations = برای هر تداخل، راه‌حل و دلیل آن لازم است
ui-area = مساحت
ui-as-of = وضعیت در تاریخ
ui-ask-accept = تحویل به همان صورت که آمده منتشر می‌شود، با آنکه جای آن با لایه‌های دیگر نمی‌خواند.
ui-ask-approve = پروانه صادر می‌شود و در همان گام، سفارش انشعاب و تغییر تعرفه به بنایی با یک تاریخ اثر مشترک به همهٔ شرکت‌ها ابلاغ می‌شود.
ui-ask-complete = کار ساختمان پایان یافته است: شرکت‌ها ملک را در یک تاریخ مشترک به تعرفهٔ دائم بازمی‌گردانند.
ui-ask-correct = تحویل با این اصلاح جابه‌جا و به صورت تحویلی تازه منتشر می‌شود؛ اصلاح در آن ثبت است و می‌توان آن را بازگرداند.
ui-ask-defer = انشعاب این شرکت به بعد موکول می‌شود؛ پروانه و کار شرکت‌های دیگر ادامه می‌یابد. تغییر تعرفهٔ آن بر جای می‌ماند.
ui-ask-refuse = درخواست رد می‌شود. متقاضی دلیل را می‌بیند.
ui-ask-refuse-delivery = تحویل رد می‌شود و لایه همان می‌ماند. دستگاه مالک توضیح را می‌بیند.
ui-ask-retry = سفارش‌ها به‌عنوان نوبتی تازه و با تاریخ اثر تازه دوباره به شرکت‌ها فرستاده می‌شود.
ui-ask-revoke = پروانه باطل می‌شود و تعرفه‌ها بازمی‌گردد. متقاضی دلیل را می‌بیند.
ui-ask-rollback = آنچه لایه پیش‌تر نشان می‌داد، به صورت تحویلی تازه دوباره منتشر می‌شود. چیزی پاک نمی‌شود.
ui-ask-withdraw = درخواست پس گرفته می‌شود و پروانه‌ای صادر نخواهد شد.
ui-asked-at = تاریخ استعلام
ui-assumed = فرض‌ها:
ui-at-places = (در { $count } نقطه)
ui-attempts = { $count } بار تلاش
ui-becomes = می‌شود
ui-buildings = ساختمان‌ها (اعیان)
ui-cancel = انصراف
ui-case-parts = بخش‌های پرونده
ui-certificate-no = شمارهٔ گواهی پایان کار
ui-changed = تغییرکرده
ui-changes = تغییرها
ui-changes-against = نسبت به تحویل { $number }.
ui-changes-filter = نوع تغییر
ui-changes-none = چیزی افزوده، تغییر داده یا برداشته نشد.
ui-changes-not-listed = { $count ->
    [one] { $count } تغییر دیگر شمرده شده اما فهرست نشده است.
   *[other] { $count } تغییر دیگر شمرده شده اما فهرست نشده است.
}
ui-choose = انتخاب کنید…
ui-city = شهر
ui-city-time = زمان‌ها به وقت
ui-class = رده
ui-close = بستن
ui-code-list = { $count ->
    [one] فهرست کد، { $count } واژه
   *[other] فهرست کد، { $count } واژه
}
ui-column = ستون
ui-comma = {"، "}
ui-company-proposes = به پیشنهاد شرکت
ui-compared-all = { $count ->
    [one] همهٔ مقایسه‌ها ({ $count })
   *[other] همهٔ مقایسه‌ها ({ $count })
}
ui-compared-with = در مقایسه با: { $layer }
ui-conditions = شرط‌ها
ui-connection = انشعاب
ui-consultations = استعلام‌ها
ui-consultations-none = از هیچ شرکتی استعلام نشده است.
ui-contact = تماس
ui-conversions = تبدیل مقدارها
ui-corners = { $count } گوشه
ui-corners-none = هنوز محدوده‌ای ترسیم نشده است.
ui-count-cases = { $count } پرونده
ui-count-features = { $count ->
    [one] { $count } عارضه
   *[other] { $count } عارضه
}
ui-cover = پوشش خاک
ui-cover-unknown = { $count ->
    [one] عمق { $count } عارضه معلوم نیست.
   *[other] عمق { $count } عارضه معلوم نیست.
}
ui-credits = منبع داده‌ها
ui-decide-by = مهلت پذیرش همهٔ شرکت‌ها
ui-decided-at = تاریخ تصمیم
ui-decided-by = تصمیم‌گیرنده
ui-decision = تصمیم و پروانه
ui-defer-which = کدام انشعاب؟
ui-delivered = تحویل
ui-deliveries = تحویل‌ها
ui-deliveries-none = هنوز چیزی تحویل نشده است.
ui-delivery-no = تحویل { $number }
ui-delivery-outcome = نتیجه
ui-delivery-running = فایل در حال خواندن و بررسی است.
ui-delivery-running-how = این صفحه خودبه‌خود به‌روز می‌شود. تا پیش از انتشار، نقشه همان است که بود.
ui-delivery-steps = مرحله‌های تحویل
ui-depth = عمق
ui-diameter = قطر بیرونی
ui-do-accept = انتشار به همین صورت
ui-do-approve = تأیید و صدور پروانه
ui-do-complete = ثبت پایان کار
ui-do-correct = اعمال اصلاح
ui-do-defer = موکول‌کردن یک انشعاب
ui-do-deliver = تحویل دادن
ui-do-preview = بررسی بدون انتشار
ui-do-refuse = رد درخواست
ui-do-refuse-delivery = رد تحویل
ui-do-retry = تلاش دوباره
ui-do-revoke = ابطال پروانه
ui-do-rollback = بازگرداندن
ui-do-withdraw = پس‌گرفتن درخواست
ui-downloads = دریافت لایه
ui-downloads-guarded = لایهٔ حساس به صورت فایل داده نمی‌شود.
ui-downloads-how = لایه به همان صورت که اکنون نشان داده می‌شود. GeoJSON در WGS 84 و بقیه در دستگاه مختصات شهر است.
ui-downloads-none = برای این لایه فایلی عرضه نمی‌شود.
ui-draw-clear = پاک‌کردن
ui-draw-finish = پایان ترسیم
ui-draw-footprint = محدودهٔ ساختمان
ui-draw-how = ابتدا محدودهٔ ساختمان موجود در نظر گرفته می‌شود. اگر گودبرداری متفاوت است، محدودهٔ آن را روی نقشه ترسیم کنید.
ui-draw-now = گوشه‌ها را به‌ترتیب روی نقشه انتخاب کنید و سپس «پایان ترسیم» را بزنید.
ui-draw-start = ترسیم روی نقشه
ui-draw-undo = حذف گوشهٔ آخر
ui-drop-here = فایل را اینجا رها کنید، یا
ui-due = مهلت
ui-each-violation = تعیین جداگانهٔ هر مورد
ui-east-north = شرق، شمال
ui-effective-at = تاریخ اثر
ui-empty-filter = پرونده‌ای با این مشخصات نیست
ui-empty-filter-how = جستجو یا وضعیت را تغییر دهید.
ui-empty-list = کارتابل خالی است
ui-empty-list-how = درخواستی ثبت کنید یا ملکی را روی نقشه انتخاب کنید.
ui-error-code = کد:
ui-error-offline = سرور پاسخ نمی‌دهد. اتصال را بررسی کنید؛ آنچه وارد کرده‌اید از دست نرفته است.
ui-error-unknown = سرور درخواست را نپذیرفت (وضعیت { $status }). لطفاً پرونده را دوباره بخوانید و تکرار کنید.
ui-excavation = گودبرداری
ui-features = عارضه‌ها
ui-features-good = سالم
ui-features-read = عارضه خوانده شد
ui-features-refused = ردشده
ui-features-repaired = ترمیم‌شده
ui-file = فایل
ui-file-bare-shapefile = شیپ‌فایل چند بخش دارد (‎.shp، ‎.shx، ‎.dbf، ‎.prj). همه را در یک zip بگذارید و آن را بفرستید.
ui-file-choose = انتخاب کنید
ui-file-empty = فایل خالی است.
ui-file-formats = GeoPackage، GeoJSON، Shapefile (zip)، DXF، KML، GML، CSV، GeoParquet، FlatGeobuf
ui-file-kind = برای این نوع فایل خواننده‌ای نیست.
ui-file-other = فایل دیگر
ui-find = یافتن
ui-finding-plain = توضیح بیشتری ثبت نشده است.
ui-findings-clear = { $count } خط بی‌مانع
ui-findings-how = برای دیدن هر یافته روی نقشه، آن را انتخاب کنید.
ui-findings-none = در لایه‌های موجود، شبکه‌ای نزدیک گودبرداری نیست.
ui-fresh-for = تا { $days } روز به‌روز به شمار می‌آید
ui-freshness-title = تازگی داده‌های این لایه
ui-gate-failed = صفحه باز نشد
ui-gate-hint = سرور هنگام شروع، این نشانی را همراه با توکن یک‌بارمصرف نشان می‌دهد.
ui-gate-how = نشانی اعلام‌شده از سوی سرور را باز کنید یا توکن دسترسی خود را اینجا وارد کنید.
ui-gate-title = لطفاً وارد شوید
ui-gate-token = توکن دسترسی
ui-has-changed = نسبت به آنچه پیش‌تر بود
ui-held-how = جای آن با لایه‌های دیگر نمی‌خواند. تا کسی تصمیم نگیرد نقشه همان است که بود.
ui-history-how = هر ردیف، اثر انگشت ردیف پیشین را در خود دارد: هیچ تغییری یا حذفی پنهان نمی‌ماند.
ui-horizontal = افقی
ui-how = چگونه
ui-incremental = فقط تازه‌ها و تغییرکرده‌ها
ui-incremental-how = آنچه در فایل نیست برجا می‌ماند. ردیف دارای نشان ‎_deleted عارضهٔ خود را برمی‌دارد.
ui-inside = { $distance } درون گودبرداری
ui-inside-short = { $distance } درون
ui-issues = موارد
ui-issues-how = موردی را برگزینید تا جای آن روی نقشه دیده شود.
ui-issues-none = چیزی برای گزارش نبود.
ui-issues-not-listed = { $count ->
    [one] { $count } مورد دیگر شمرده شده اما فهرست نشده است.
   *[other] { $count } مورد دیگر شمرده شده اما فهرست نشده است.
}
ui-kind = نوع
ui-late-layers = به‌روز نیست:
ui-layer = لایه
ui-layer-guarded = برای نقش شما نمایش داده نمی‌شود
ui-layer-none = این شهر چنین لایه‌ای ندارد:
ui-layers = لایه‌ها
ui-layers-held = { $count ->
    [one] { $count } تحویل در انتظار تصمیم است.
   *[other] { $count } تحویل در انتظار تصمیم است.
}
ui-layers-how = هر دستگاه پاسخ‌گوی لایه‌های خود است. لایه را باز کنید تا تحویل‌های آن را ببینید یا فایل تازه‌ای تحویل دهید.
ui-legend-case = در پرونده
ui-legend-closer = فاضلاب، مخابرات، کابل‌ها و انشعاب‌ها در نمای نزدیک‌تر دیده می‌شود.
ui-less-than = کمتر از { $value }
ui-level = سطح داده: { $level } از ۵
ui-level-how = سطح هر دستگاه، کمترین سطح معیارهای آن است (معیارهای بلوغ سامانهٔ ملی دارایی‌های زیرزمینی بریتانیا).
ui-level-unknown = سطح داده نامعلوم
ui-level-word = سطح
ui-live = برخط
ui-live-connecting = در حال اتصال
ui-live-lost = اتصال قطع است
ui-loading = در حال بارگذاری
ui-looks-like = به { $name } می‌ماند: { $how }.
ui-map = نقشه
ui-map-failed = نقشه در این مرورگر رسم نمی‌شود (WebGL در دسترس نیست). فهرست‌ها و فرم‌ها بدون نقشه کار می‌کنند.
ui-measure = معیار
ui-method = روش
ui-missing-information = لایه‌هایی که اطلاعات ندارند
ui-more = بیشتر
ui-more-than = بیش از { $value }
ui-moved = { $count ->
    [one] { $count } عارضه جابه‌جا شد: میانه { $median }، بیشترین { $most }.
   *[other] { $count } عارضه جابه‌جا شد: میانه { $median }، بیشترین { $most }.
}
ui-moved-by = جابه‌جاشده
ui-moved-one = { $distance } جابه‌جا
ui-name = نام
ui-national-id = کد ملی
ui-nav = صفحه‌ها
ui-networks-near = نزدیک‌ترین شبکه‌ها
ui-new-request = درخواست جدید
ui-new-request-here = درخواست جدید برای این ملک
ui-no-id = بی‌شناسه
ui-no-match = چیزی برای مقایسه نبود: دربارهٔ جای آن ادعایی نمی‌شود.
ui-no-separation = فاصلهٔ موجود نامعلوم
ui-none = ندارد
ui-none-near = در نزدیکی نیست
ui-not-selected = { $count ->
    [one] { $count } ردیف فایل از آنِ لایه‌های دیگر است.
   *[other] { $count } ردیف فایل از آنِ لایه‌های دیگر است.
}
ui-not-serviceable = امکان خدمت‌رسانی نیست
ui-note = توضیح
ui-nothing-here = در این نقطه چیزی ثبت نشده است.
ui-nothing-published = به پایان نرسید. چیزی منتشر نشد؛ فایل را دوباره تحویل دهید.
ui-number = { $value }
ui-off-by = { $distance } جابه‌جاست: { $parts }.
ui-offer = پیشنهاد قیمت
ui-open-tasks = { $count } کار باز
ui-opening = در حال باز شدن پنجره…
ui-operation = تبدیل
ui-operation-none = در همان سطح مبنا
ui-optional = اختیاری
ui-order-no = سفارش
ui-orders = سفارش‌ها
ui-orders-none = سفارش‌ها هنگام صدور پروانه فرستاده می‌شود.
ui-outcome = نتیجه
ui-owner = دستگاه مالک
ui-panel = کارتابل و پرونده
ui-parcel = ملک
ui-parcel-how = ملک را روی نقشه انتخاب کنید یا شمارهٔ آن را بنویسید.
ui-parcel-id = شمارهٔ ملک
ui-parcel-placeholder = 08-5440-00436
ui-permanent-class = تعرفهٔ دائم
ui-permit-no = شمارهٔ پروانه
ui-phase-building = ساخت، با تعرفهٔ بنایی
ui-phase-completed = پایان‌یافته
ui-phase-construction = سفارش‌ها و تعرفهٔ بنایی
ui-phase-consultation = استعلام از شرکت‌ها
ui-phase-decision = تصمیم شهرداری
ui-phase-permanent = بازگشت به تعرفهٔ دائم
ui-phase-submitted = ثبت و کنترل تداخل
ui-phone = تلفن
ui-preview = فقط پیش‌نمایش
ui-preview-how = همه چیز بررسی و گزارش می‌شود؛ چیزی منتشر نمی‌شود.
ui-previewed-how = تنها بررسی شد. چیزی منتشر نشد.
ui-probability = احتمال تداخل
ui-problem-corners = محدوده دست‌کم سه گوشه می‌خواهد.
ui-problem-crossing = خط محدوده خودش را قطع می‌کند. گوشه‌ای را حذف کنید یا دوباره ترسیم کنید.
ui-problem-depth = عمق باید بیشتر از ۰ و حداکثر ۶۰ متر باشد.
ui-problem-parcel = یک ملک انتخاب کنید.
ui-problem-required = تکمیل این قسمت الزامی است.
ui-problem-storeys = عدد درست از ۰ تا ۲۰۰.
ui-problem-units = عدد درست، ۰ یا بیشتر.
ui-problems-above = { $count } قسمت نیاز به اصلاح دارد.
ui-product = پنجره
ui-published-at = انتشار
ui-quality = سطح کیفیت
ui-read-again = خواندن دوبارهٔ پرونده
ui-reason = دلیل
ui-reason-hint = مبنای تصمیم و گام بعدی متقاضی را بنویسید.
ui-receipt = رسید تعرفه
ui-received-at = دریافت
ui-refused-how = تحویل پذیرفته نشد. نقشه همان است که بود.
ui-remedy = راه‌حل
ui-remedy-why = چرا کافی است
ui-removed = برداشته
ui-report = گزارش
ui-report-parts = بخش‌های گزارش
ui-request = درخواست
ui-required = فاصلهٔ مجاز
ui-residual = باقی‌مانده (۹۵٪)
ui-revision = نوبت { $number }
ui-rollback-to = نقشه دوباره تحویل { $number } را نشان خواهد داد.
ui-rotation = چرخش
ui-row = ردیف { $number }
ui-rule = ضابطه
ui-same-layer-before = همین لایه، چنان که اکنون هست
ui-scale = مقیاس
ui-search = جستجو
ui-search-hint = پرونده، ملک یا متقاضی
ui-section-applicant = متقاضی
ui-section-excavation = گودبرداری
ui-section-parcel = ملک
ui-section-wishes = انشعاب‌ها
ui-section-works = عملیات ساختمانی
ui-sending = در حال ارسال…
ui-separation = فاصلهٔ موجود
ui-serviceable = بلامانع است
ui-share = سهم
ui-sheet-handle = تغییر اندازهٔ پنل
ui-shift = جابه‌جایی
ui-shift-east = { $distance } به سوی شرق
ui-shift-north = { $distance } به سوی شمال
ui-shift-south = { $distance } به سوی جنوب
ui-shift-west = { $distance } به سوی غرب
ui-show-all = نمایش همهٔ { $count } مورد
ui-show-on-map = نمایش روی نقشه
ui-shown-now = اکنون روی نقشه
ui-sign-in = ورود
ui-sign-out = خروج
ui-silence-why = { $agency } در مهلت پاسخ نداد. چرا سکوت آن پذیرفته می‌شود؟
ui-since = از
ui-source = منبع
ui-source-crs = دستگاه مختصات
ui-status = وضعیت
ui-status-all = همهٔ وضعیت‌ها
ui-step-cancel = لغو
ui-step-confirm = قطعی
ui-step-try = رزرو
ui-storeys = تعداد طبقات
ui-streets = معابر
ui-submit = ثبت درخواست
ui-submitted-at = تاریخ ثبت
ui-submitted-by = تحویل‌دهنده
ui-suggested = شرط‌های پیشنهادی کنترل تداخل
ui-surveyed-on = تاریخ داده
ui-tab-agencies = شرکت‌ها
ui-tab-findings = یافته‌ها
ui-tab-history = سوابق
ui-tab-overview = نمای کلی
ui-table = جدول
ui-tagline = پروانه، انشعاب، زیرزمین
ui-tariff = تعرفه
ui-tariff-awaited = در انتظار شرکت
ui-tariff-confirmed = تأییدشده
ui-tariff-desired = درخواست‌شده
ui-tariff-receipted = شرکت رسید داده است
ui-tariff-return = بازگشت تعرفه‌ها
ui-tariff-returned = از { $date } بازگشت به { $class }
ui-tariff-returning = در { $date } بازمی‌گردد به { $class }
ui-tariffs = تعرفه‌ها
ui-tariffs-how = «تأییدشده» آن است که شرکت رسید داده؛ «درخواست‌شده» آن است که پروانه می‌خواهد.
ui-tariffs-none = هنوز تغییر تعرفه‌ای نیست.
ui-tasks = نیازمند رسیدگی
ui-timeline = روند پرونده
ui-to = به
ui-try-again = تلاش دوباره
ui-uncertainty-95 = عدم قطعیت (۹۵٪)
ui-unchanged-features = همان
ui-unchanged-how = محتوا همان است که هم‌اکنون نشان داده می‌شود.
ui-unit-km = کیلومتر
ui-unit-m = متر
ui-unit-mm = میلی‌متر
ui-unit-ppm = در میلیون
ui-units = واحدها
ui-unknown = نامعلوم
ui-until = تا
ui-upload = تحویل تازه
ui-upload-progress = پیشرفت ارسال
ui-upload-sent = { $share } از { $size } فرستاده شد
ui-upload-waiting = فرستاده شد؛ سرور در حال دریافت آن است.
ui-use = کاربری
ui-valid-until = معتبر تا
ui-values = تعداد
ui-version = نسخه
ui-vertical = قائم
ui-violations-count = { $count } خط در تداخل است
ui-wishes-how = انشعاب را می‌توان به بعد موکول کرد؛ پروانه معطل آن نمی‌ماند.
ui-worklist = کارتابل
ui-works = نوع درخواست
ui-would-change = آنچه تغییر خواهد داد
ui-zoom-in = بزرگ‌نمایی
ui-zoom-out = کوچک‌نمایی
## web: end of the page

## layers: layers by id
layer-addresses = نشانی‌ها
layer-buildings = ساختمان‌ها
layer-gas_devices = شیرها و ایستگاه‌های گاز
layer-gas_lines = لوله‌های گاز
layer-gas_nodes = گره‌های گاز
layer-landuse = کاربری
layer-parcels = قطعات
layer-power_lv_devices = تابلوهای توزیع برق
layer-power_lv_lines = کابل‌های برق فشار ضعیف
layer-power_lv_nodes = گره‌های برق فشار ضعیف
layer-power_mv_lines = کابل‌های برق فشار متوسط
layer-power_mv_nodes = گره‌های برق فشار متوسط
layer-power_switches = کلیدهای برق
layer-power_transformers = ترانسفورماتورها
layer-sewer_devices = آدم‌روها
layer-sewer_lines = لوله‌های فاضلاب
layer-sewer_nodes = گره‌های فاضلاب
layer-streets = معابر
layer-telecom_devices = حوضچه‌های مخابرات
layer-telecom_lines = کابل‌های مخابرات
layer-telecom_nodes = گره‌های مخابرات
layer-water_devices = شیرها، هیدرانت‌ها و مخازن
layer-water_lines = لوله‌های آب
layer-water_nodes = گره‌های آب

## layers: utilities
utility-electricity = برق
utility-gas = گاز
utility-heating = گرمایش مرکزی
utility-sewer = فاضلاب
utility-stormwater = آب‌های سطحی
utility-telecom = مخابرات
utility-water = آب

## layers: how fresh, who may see
freshness-fresh = به‌روز
freshness-missing = فاقد اطلاعات
freshness-stale = قدیمی: در حکم فاقد اطلاعات
sensitivity-public = عمومی
sensitivity-sensitive = حساس
sensitivity-shared = مشترک میان مسئولان

## layers: what is known of a position
cover-source-design = مقدار طراحی
cover-source-standard = مقدار متعارف
cover-source-surveyed = برداشت‌شده
cover-source-unknown = نامعلوم
quality-A = A: رؤیت و برداشت‌شده
quality-B = B: ژئوفیزیک
quality-C = C: عوارض سطحی و سوابق
quality-D = D: فقط سوابق

## layers: parts of a network
network-kind-cabinet = تابلو
network-kind-chamber = حوضچه
network-kind-exchange = مرکز مخابرات
network-kind-hydrant = شیر آتش‌نشانی
network-kind-manhole = آدم‌رو
network-kind-outlet = خروجی
network-kind-regulator = ایستگاه تقلیل فشار
network-kind-reservoir = مخزن
network-kind-source = منبع تغذیه
network-kind-switch = کلید
network-kind-transformer = ترانسفورماتور
network-kind-valve = شیر
network-status-abandoned = متروکه
network-status-in_service = در حال بهره‌برداری
network-status-out_of_service = خارج از بهره‌برداری
network-status-planned = طرح
network-status-unknown = نامعلوم
role-feeder = خط تغذیه
role-main = خط اصلی
role-other = سایر
role-service = انشعاب
role-transmission = خط انتقال

## layers: what became of a delivery
delivery-published = منتشر شد
delivery-refused = رد شد
delivery-rolled_back = بازگردانده شد
delivery-unchanged = بدون تغییر
issue-bad-coordinates = مختصات عدد نیست
issue-duplicate-id = شناسه تکراری
issue-empty-delivery = داده خالی
issue-invalid-polygon = محدوده نامعتبر، رد شد
issue-missing-geometry = هندسه ندارد
issue-missing-id = شناسه ندارد
issue-one-end-missing = خط با تنها یک سر مشخص
issue-out-of-range = عدد ناممکن، کنار گذاشته شد
issue-outside-city = خارج از محدوده شهر
issue-repaired-polygon = محدوده نامعتبر، اصلاح شد
issue-too-many-refused = عوارض ردشده بیش از حد
issue-unknown-code = واژه خارج از فهرست کدها
issue-unreadable-value = مقدار ناخوانا
issue-wrong-geometry-type = نوع هندسه نادرست است
issue-zero-length = خط بدون طول

## layers: refusals
error-city-config = پیکربندی شهر نادرست است: { $file }، { $key }: { $problem }.
error-city-not-stored = هنوز هیچ لایه‌ای از شهر { $city } وارد نشده است.
error-column-missing = داده { $source } ستون‌های لازم لایه { $layer } را ندارد: { $columns }.
error-layer-target-changed = لایه { $layer } از نوع { $stored } ذخیره شده است و به { $configured } تبدیل نمی‌شود.
error-nothing-to-roll-back = لایه { $layer } داده‌ای برای بازگرداندن ندارد.
error-parcel-not-stored = قطعه { $parcel } در لایه‌های شهر نیست.
error-source-crs-contradiction = پرونده { $file } سیستم مختصات { $stated } را اعلام می‌کند، اما مختصات آن یا پیکربندی چیز دیگری می‌گوید.
error-source-crs-missing = پرونده { $file } سیستم مختصات خود را با شماره EPSG اعلام نکرده است.
error-source-unreadable = پرونده { $file } خوانده نمی‌شود: { $problem }.
error-tile-out-of-range = کاشی نقشه { $z }/{ $x }/{ $y } وجود ندارد.
error-unknown-city = شهر { $city } در اینجا نیست. شهرهای موجود: { $known }.

## layers: reading, first sight and places
issue-curves-linearised = خم‌ها به خط شکسته تبدیل شد
issue-deleted-records = رکوردهای حذف‌شده
issue-duplicate-geometry = هم‌جا با عارضه‌ای دیگر
issue-duplicate-row = ردیف تکراری، کنار گذاشته شد
issue-encoding-corrected = کدگذاری نادرست اعلام شده بود، اصلاح شد
issue-encoding-detected = کدگذاری از روی نوشته‌ها شناخته شد
issue-entity-not-read = جزء نقشه که خوانده نمی‌شود
issue-heights-like-depths = ارتفاع‌هایی که به عمق می‌ماند
issue-index-rebuilt = نمایه گم‌شده بازسازی شد
issue-network-link-not-followed = پیوند به پرونده‌ای دیگر، دنبال نشد
issue-no-final-newline = سطر آخر پایان ندارد
issue-row-width = ردیف با خانه‌های کم یا زیاد
issue-text-cut = نوشته‌ای که ستون باریک آن را بریده است
issue-text-unreadable = نوشته ناخوانا
issue-unreadable-feature = عارضه ناخوانا
issue-vertical-crs-not-used = ارتفاع از سطح مبنای دریایی، به کار نرفت
issue-web-mercator-areas = مساحت‌های سنجیده در مرکاتور وب، کنار گذاشته شد
hint-name-the-table = جدول، پوشه یا لایه نقشه را نام ببرید.
hint-name-x-and-y = ستون‌ها را x و y بنامید یا هندسه را با WKT بفرستید.
hint-one-file-per-archive = در هر بایگانی یک پرونده بگذارید.
hint-save-as-text-dxf = نقشه را با قالب متنی DXF ذخیره کنید.
hint-send-all-parts = پرونده‌های ‎.shp، ‎.shx، ‎.dbf، ‎.prj و ‎.cpg را با هم و بهتر است در یک بایگانی بفرستید.
hint-state-the-crs = سیستم مختصات را از دستگاه بپرسید و آن را با EPSG و شماره در تنظیمات لایه بنویسید.
hint-state-the-encoding = کدگذاری را در تنظیمات لایه بنویسید: utf-8 یا cp1256.
hint-try-again = دوباره امتحان کنید.
hint-write-wkb = هندسه را با WKB بنویسید.
question-crs-unstated = عددها در کدام سیستم مختصات است؟
question-heights-or-depths = این عددها ارتفاع است یا عمق زیر زمین؟
question-id-unclear = کدام ستون شناسه خود دستگاه است؟
question-no-code-list = واژه‌های گوناگون برای فهرست کدها بیش از اندازه است
question-unit-unclear = این ستون با کدام یکا است؟
question-utility-unclear = این لایه از کدام تاسیسات است؟
question-values-unreadable = مقدارها آن نیست که نام ستون می‌گوید
question-words-unknown = معنی این واژه‌ها چیست؟
error-layer-not-previewed = برای لایه { $layer } شهر { $city } پیشنهادی نگه‌داری نشده است.
error-place-axes-swapped = مختصات پرونده { $file } جابه‌جا نوشته شده است: نخست شمال یا عرض جغرافیایی آمده است (نخستین نقطه { $x }، { $y }).
error-place-degrees = پرونده { $file } سیستم { $stated } را اعلام می‌کند، اما عددهای آن طول و عرض جغرافیایی است (نخستین نقطه { $x }، { $y }).
error-place-digits-dropped = رقم‌های نخست مختصات پرونده { $file } حذف شده است: مقدار { $detail } (شرقی، شمالی) کم است (نخستین نقطه { $x }، { $y }).
error-place-mistaken = مختصات پرونده { $file } در شهر نیست (نخستین نقطه { $x }، { $y }).
error-place-other-unit = مختصات پرونده { $file } به متر نیست؛ یکای آن به { $detail } می‌ماند (نخستین نقطه { $x }، { $y }).
error-place-other-zone = مختصات پرونده { $file } از زون دیگری است، { $detail }، نه { $stated } (نخستین نقطه { $x }، { $y }).
error-place-stated-crs-wrong = پرونده { $file } سیستم { $stated } را اعلام می‌کند، اما عددهای آن با { $fits } می‌خواند (نخستین نقطه { $x }، { $y }).
error-place-web-mercator = مختصات پرونده { $file } مرکاتور وب (EPSG:3857) است، نه { $stated } (نخستین نقطه { $x }، { $y }).
error-place-zone-prefix = مختصات شرقی پرونده { $file } با شماره زون { $detail } آغاز می‌شود (نخستین نقطه { $x }، { $y }).
error-reader-not-installed = پرونده { $file } اینجا خوانده نمی‌شود: { $needs } نصب نیست.
error-service-refused = سرویس { $address } پاسخ درست نداد: { $problem }.
error-service-unreachable = سرویس { $address } پس از { $tries } بار پاسخ نداد: { $problem }.
error-source-columns-unclear = هیچ ستون { $file } جای عارضه را نمی‌گوید. ستون WKT یا جفتی مانند x و y را نام ببرید.
error-source-damaged = پرونده { $file } آسیب دیده است: { $problem }.
error-source-encoding-unknown = پرونده { $file } کدگذاری نوشته‌هایش را اعلام نکرده است. آن را بگویید (utf-8 یا cp1256).
error-source-format-unknown = قالب پرونده { $file } ({ $found }) خوانده نمی‌شود.
error-source-incomplete = { $file } می‌گوید { $expected } رکورد دارد، اما { $found } رکورد خوانده شد.
error-source-part-missing = بخش { $part } از { $file } نیست. همه بخش‌ها را با هم بفرستید.
error-source-table-unstated = { $file } چند جدول دارد؛ بگویید کدام منظور است: { $tables }.
error-source-too-large = { $file } بیش از اندازه بزرگ است: { $found } { $of }، حداکثر { $limit } خوانده می‌شود.
error-source-truncated = پرونده { $file } ناقص رسیده است. دوباره بفرستید.
error-source-unsafe = { $file } باز نمی‌شود، چون ناامن است: { $problem }.

## geo: verdicts and findings
verdict-clear = بلامانع
verdict-no-information = فاقد اطلاعات
verdict-undecidable = نامعین – نیازمند گمانه
verdict-violates = تداخل
finding-clear = فاصلهٔ خط { $measured } متر است و { $required } متر لازم است. حتی با خطای ±{ $uncertainty } متر هم فاصله رعایت می‌شود.
finding-clear-by-depth = خط در پلان نزدیک است، ولی با پوشش { $cover } متر از حفاری به عمق { $depth } متر در امان می‌ماند.
finding-crosses = خط از درون محدودهٔ حفاری و در عمق { $depth } متری آن می‌گذرد. فاصلهٔ مجاز { $required } متر است.
finding-crosses-depth-unknown = خط از درون محدودهٔ حفاری می‌گذرد و عمق آن معلوم نیست. تا گمانه عمق را نشان ندهد، تداخل شمرده می‌شود.
finding-foundation-too-near = خط تا جای پی ساختمان { $measured } متر فاصله دارد و { $required } متر لازم است.
finding-no-rule = برای این دو ضابطهٔ فاصله‌ای ثبت نشده است. دستگاه مالک باید فاصلهٔ لازم را اعلام کند.
finding-too-near = فاصلهٔ خط تا حفاری { $measured } متر است و { $required } متر لازم است.
finding-too-near-depth-unknown = فاصلهٔ خط تا حفاری { $measured } متر است، { $required } متر لازم است و عمق خط معلوم نیست. تا گمانه عمق را نشان ندهد، تداخل شمرده می‌شود.
finding-undecidable = روی نقشه { $measured } متر فاصله است و { $required } متر لازم است، ولی جای خط تنها با دقت ±{ $uncertainty } متر معلوم است: به احتمال { $percent }٪ بیش از حد نزدیک است. گمانه باید تعیین کند.
finding-undecidable-depth = خط در پلان بیش از حد نزدیک است؛ از روی سوابق معلوم نیست پوشش { $cover } متر برای حفاری به عمق { $depth } متر کافی باشد. گمانه باید تعیین کند.
finding-unknown-network = برای این نوع شبکه اینجا ضابطه‌ای نیست. دستگاه مالک باید فاصلهٔ لازم را اعلام کند.

## geo: what had to be assumed
assumption-accuracy-assumed = دقت مکانی اعلام نشده و از سطح کیفیت برآورد شده است
assumption-class-unknown = ردهٔ فشار یا ولتاژ معلوم نیست؛ سخت‌ترین ضابطه به کار رفت
assumption-cover-guessed = عمق اندازه‌گیری نشده و در سوابق فرض شده است
assumption-cover-unknown = عمق معلوم نیست
assumption-radius-assumed = قطر معلوم نیست؛ قطر معمول به عدم قطعیت افزوده شد
assumption-rule-unconfirmed = ضابطه را مرجع محلی تأیید نکرده است
rule-status-confirmed = برگرفته از متن مرجع
rule-status-unconfirmed = تأیید نشده
freshness-absent = بدون لایه

## geo: conditions of a permit
condition-ask-owner = دستگاه مالک پیش از آغاز کار فاصلهٔ لازم را اعلام کند
condition-hand-dig = حفاری دستی در نزدیکی خط
condition-locate-first = نخست خطوط با دستگاه ردیابی شود: لایه‌ای پاسخ‌گو نبود
condition-move-or-protect = جابه‌جایی یا حفاظت خط پیش از اجرای پی
condition-owner-watch = حضور نمایندهٔ دستگاه مالک هنگام حفاری
condition-trial-pit = آشکارسازی خط با گمانه پیش از حفاری با ماشین

## geo: refusals
error-crs-degrees-as-metres = مختصات به درجه می‌ماند ولی متر اعلام شده است ({ $crs }).
error-crs-invalid = مختصات را نمی‌توان به سیستم مختصات شهر برد.
error-crs-metres-as-degrees = مختصات به متر می‌ماند ولی درجه اعلام شده است ({ $crs }).
error-crs-no-operation = در این محل هیچ تبدیل منتشرشده‌ای از { $source } به { $target } نیست.
error-crs-not-metric = { $crs } سیستم تصویر متری نیست.
error-crs-operation-not-pinned = از { $source } به { $target } چند تبدیل هست: { $candidates }. شهر باید یکی را تعیین کند.
error-crs-operation-unknown = تبدیل { $operation } از { $source } به { $target } نمی‌رسد.
error-crs-out-of-area = این محل بیرون از محدودهٔ { $name } است.
error-crs-unknown = سیستم مختصاتی به نام { $crs } برای نقشه نیست.
error-depth-invalid = عمق باید بیش از صفر و حداکثر { $limit } متر باشد، نه { $depth }.
error-pack-include-loop = بسته‌های ضوابط فاصله یکدیگر را دور می‌زنند: { $chain }.
error-pack-incomplete = بستهٔ ضوابط فاصلهٔ { $pack } برای این موارد ضابطه ندارد: { $missing }.
error-pack-invalid = بستهٔ ضوابط فاصلهٔ { $pack } قابل استفاده نیست.
error-pack-row-invalid = بستهٔ ضوابط { $pack }، ردیف { $row }، ستون { $column }: مقدار { $value } خوانا نیست.
error-refused = درخواست پذیرفته نشد.
error-shape-empty = شکل تهی یا بدون مساحت است.
error-shape-invalid = این شکل قابل استفاده نیست.
error-shape-not-finite = یکی از مختصات عدد معتبر نیست.
error-shape-not-polygon = یک چندضلعی لازم است، نه { $found }.
error-shape-self-crossing = خط دور محدوده در { $x }، { $y } خودش را قطع می‌کند.
error-shape-too-large = مساحت محدوده { $area } مترمربع است؛ حداکثر { $limit } مترمربع پذیرفته می‌شود.
error-shape-too-many-vertices = محدوده { $vertices } نقطه دارد؛ حداکثر { $limit } نقطه پذیرفته می‌شود.
error-shape-unreadable = این یک هندسهٔ GeoJSON نیست.

## geo: hints
hint-add-the-rules = ردیف‌های کم‌شده را بیفزایید، یا بسته‌ای را ضمیمه کنید که آن‌ها را دارد.
hint-axes-swapped = طول جغرافیایی پیش از عرض می‌آید؛ به نظر می‌رسد این دو جابه‌جا شده‌اند.
hint-check-the-crs = سیستم مختصات اعلام‌شده و زون آن را بررسی کنید.
hint-draw-an-area = محدوده‌ای با دست‌کم سه نقطه رسم کنید که مساحتی را در بر بگیرد.
hint-draw-one-area = یک محدودهٔ بسته رسم کنید؛ چند کار، چند درخواست می‌خواهد.
hint-fit-control-points = این لایه به نقاط مشترک برداشت‌شده در محل نیاز دارد.
hint-give-geojson = یک Polygon به قالب GeoJSON بدهید.
hint-give-numbers = همهٔ مختصات را به شکل عدد ساده بدهید.
hint-give-the-depth = عمق را از سطح زمین و به متر بدهید.
hint-pack-file-missing = فایل نیست یا متن UTF-8 نیست.
hint-pin-an-operation = یکی از تبدیل‌های نام‌برده را در تنظیمات شهر تعیین کنید.
hint-redraw-the-outline = محدوده را دوباره و بدون قطع خودش رسم کنید.
hint-simplify-the-outline = محدوده را ساده‌تر کنید.
hint-split-the-works = کار را به چند درخواست تقسیم کنید.
hint-state-epsg-4326 = اگر طول و عرض جغرافیایی است، EPSG:4326 اعلام کنید.
hint-state-the-metric-crs = سیستم تصویری را که این مترها در آن است اعلام کنید.
hint-use-a-map-system = از یک سیستم جغرافیایی یا تصویری استفاده کنید.
hint-use-a-projected-system = از یک سیستم تصویر متری استفاده کنید.
hint-write-epsg-code = آن را به شکل EPSG: و شماره بنویسید.
## geo: end

## trace: refusals
error-audit-refused = داده‌های این بازبینی با هم سازگار نیست: { $what }.
error-network-duplicate-id = دو رکورد ({ $what }) شناسهٔ یکسان { $id } دارند.
error-network-invalid = این شبکه را نمی‌توان ساخت یا این پرسش را از آن کرد.
error-network-no-shapes = { $links } خط هندسه ندارد و سرهای آن‌ها را نمی‌توان مقایسه کرد.
error-network-not-in-network = در شبکه { $what } با شناسهٔ { $id } نیست.
error-trace-nothing-broken = چیزی برای جدا کردن نام برده نشده است.
hint-name-what-broke = لوله، کابل، گره یا تجهیزی را که از کار افتاده نام ببرید.

## trace: assumed joins
snap-device-to-line = تجهیزی که روی نزدیک‌ترین خط گذاشته شد
snap-device-to-node = تجهیزی که در نزدیک‌ترین گره گذاشته شد
snap-end-to-end = دو سر که پیوسته فرض شد
snap-end-to-line = سری که پیوسته به یک خط فرض شد
## trace: end

## companies: what they answer
reason-capacity-out-of-range = ظرفیت درخواستی از بزرگ‌ترین انشعاب این نوع بیشتر است.
reason-no-capacity = خطوط اصلی در دسترس برای این درخواست ظرفیت خالی ندارند.
reason-no-connection-requested = انشعابی درخواست نشده است؛ اجرای کار بلامانع است.
reason-no-suitable-main = خط اصلی مناسبی برای این انشعاب وجود ندارد.
reason-serviceable = اتصال ملک به شبکه امکان‌پذیر است.
reason-too-far-from-main = فاصله ملک تا نزدیک‌ترین خط اصلی مناسب از حداکثر طول انشعاب بیشتر است.

## companies: why they refuse
refusal-already-confirmed = سفارش تأیید شده است و دیگر قابل لغو نیست.
refusal-cancelled = سفارش لغو شده است.
refusal-capacity-out-of-range = ظرفیت سفارش از بزرگ‌ترین انشعاب این نوع بیشتر است.
refusal-debt = مشترک به این شرکت بدهی دارد.
refusal-hold-expired = مهلت نگهداری سفارش به پایان رسیده است.
refusal-no-capacity = خطوط اصلی در دسترس برای این سفارش ظرفیت خالی ندارند.
refusal-no-suitable-main = خط اصلی مناسبی برای این انشعاب وجود ندارد.
refusal-tariff-change-refused = در حال حاضر تغییر تعرفه این ملک امکان‌پذیر نیست.
refusal-tombstoned = این سفارش پیش از رسیدن لغو شده است.
refusal-too-far-from-main = فاصله ملک تا خط اصلی از حداکثر طول انشعاب بیشتر است.
refusal-unknown-parcel = ملکی با این شناسه در سوابق این شرکت نیست.

## companies: what they ask for
condition-disconnect-before-demolition = پیش از تخریب، انشعاب موجود قطع و کنتور آن جمع‌آوری شود
condition-earthing = سیم اتصال زمین باید اجرا شده باشد
condition-existing-service = ملک هم‌اکنون انشعاب دارد
condition-hand-dig-near-line = در نزدیکی خط این شرکت حفاری دستی انجام شود و پیش از آغاز حفاری اطلاع داده شود
condition-meter-pit = حوضچهٔ کنتور در بر ملک باید آماده باشد
condition-piping-inspection = لوله‌کشی باید پیش از برقراری گاز بازرسی شود
condition-substation-land = ممکن است واگذاری زمین برای پست برق لازم شود

## companies: lines of a price
offer-branch-fee = حق انشعاب بر پایهٔ ظرفیت کنتور
offer-equipment = لوازم انشعاب
offer-general-part = حق انشعاب، بخش عمومی
offer-installation = نصب انشعاب
offer-meter = کنتور
offer-network-development = توسعهٔ شبکه
offer-network-share = سهم شبکه
offer-riser = علمک گاز
offer-subscription = حق انشعاب
offer-subscription-commercial = حق انشعاب واحدهای تجاری
## companies: end

## case: refusals
error-action-not-allowed = این کار اکنون ممکن نیست: { $action } در وضعیت { $status }.
error-agency-unknown = این شهر اینجا چنین دستگاهی برای استعلام ندارد: { $agency }.
error-answer-unreadable = پاسخ دستگاه شماره‌ای ندارد یا آری و نه روشنی نمی‌گوید.
error-approval-refused = پرونده هنوز قابل تأیید نیست: { $reasons }.
error-case-not-found = پروندهٔ { $case_id } اینجا نیست.
error-excavation-off-parcel = گودبرداری { $distance } متر از قطعهٔ { $parcel_id } فاصله دارد؛ بیشینهٔ مجاز { $limit } متر است.
error-identifier-invalid = این شناسه در وارسی رد شد.
error-key-reused = این کلید Idempotency-Key پیش‌تر برای درخواست دیگری به کار رفته است.
error-nothing-to-retry = هیچ تبادلی از این پرونده در انتظار تلاش دوباره نیست.
error-parcel-not-found = در لایه‌های منتشرشدهٔ این شهر قطعهٔ { $parcel_id } نیست.
error-request-invalid = درخواست پذیرفتنی نیست: { $reasons }.
error-signature-invalid = پیام آن‌گونه که قرار است امضا نشده، یا امضای آن کهنه است.
error-stale-case = پرونده پس از خواندن شما تغییر کرده است؛ نسخهٔ کنونی آن { $actual } است و شما { $expected } را دیده‌اید.

## case: reasons against a request or an approval
reason-agency-unknown = { $where } از دستگاه‌های این شهر نیست
reason-applicant-unnamed = متقاضی نام ندارد
reason-consultation-lapsed = { $where } در مهلت پاسخ نداده است
reason-consultation-open = { $where } هنوز پاسخ نداده است
reason-depth-out-of-range = عمق باید بیش از ۰ و حداکثر ۶۰ متر زیر سطح زمین باشد
reason-excavation-takes-no-connection = حفاری تنها انشعاب نمی‌گیرد
reason-never-asked = از { $where } استعلام نشده است
reason-no-agency-in-exchange = هیچ شرکتی از این شهر در این مبادله نیست
reason-not-a-permanent-class = ساختمان پایان‌یافته چنین گروه تعرفه‌ای ندارد
reason-not-routed = هنوز معلوم نیست از چه دستگاه‌هایی باید پرسید
reason-not-serviceable = { $where } نمی‌تواند به این قطعه خدمت دهد
reason-offer-expired = پیشنهاد { $where } منقضی شده است
reason-storeys-out-of-range = شمار طبقات باید ۰ تا ۲۰۰ باشد
reason-units-negative = شمار واحدها نمی‌تواند منفی باشد
reason-violates = هیچ شرطی پاسخگوی نقض حریم در { $where } نیست

## api: what one does
action-approve = تأیید
action-complete = اعلام پایان کار
action-consultations-closed = بستن استعلام‌ها
action-defer = واگذاشتن انشعاب به بعد
action-exchange-cancelled = پایان دادن به تبادل ناموفق
action-exchange-confirmed = پایان دادن به تبادل
action-read-cases = دیدن پرونده‌ها
action-read-city = دیدن اطلاعات شهر
action-read-history = دیدن سوابق
action-read-map-public = دیدن لایه‌های عمومی
action-read-map-sensitive = دیدن لایه‌های حساس
action-read-map-shared = دیدن لایه‌های مشترک
action-read-parcel = دیدن اطلاعات قطعه
action-recheck = وارسی دوبارهٔ تداخل
action-refuse = رد
action-respond = پاسخ دادن از سوی دستگاه
action-retry = تکرار تبادل
action-revoke = ابطال
action-submit = ثبت درخواست
action-withdraw = انصراف

## api: refusals at the terminal
error-already-running = اجرای دیگری از این پوشهٔ داده استفاده می‌کند: فرایند { $pid }.
error-api-away = سامانه در نشانی { $address } پاسخ نمی‌دهد.
error-api-refused = سامانه درخواست را نپذیرفت ({ $refusal }): { $detail }
error-child-failed = { $name } آغاز نشد. پایان گزارش آن، { $log }: { $tail }
error-cluster-failed = پایگاه دادهٔ خصوصی در { $path } آغاز نشد.
error-company-misnamed = شرکت به شکل city/agency=address داده می‌شود، نه { $given }.
error-demo-no-candidate = { $city } قطعه‌ای برای نمایش ندارد.
error-demo-too-slow = پروندهٔ نمایش { $case } به‌موقع پیش نرفت؛ وضعیت آن { $status } است.
error-no-port = از درگاه { $wanted } به بالا درگاه آزادی یافت نشد.
error-postgis-missing = PostgreSQL همراه PostGIS نصب نیست.
error-unprocessable = درخواست انجام‌شدنی نیست.
hint-city-agency-address = برای نمونه schutterwald/water=http://127.0.0.1:8081.
hint-no-company-serves = هیچ شرکتی نتوانست به قطعه‌های آزموده خدمت دهد.
hint-sign-standard-webhooks = پیام را بنا بر Standard Webhooks با رمز توافق‌شده و زمان اکنون امضا کنید.
hint-state-crs = آن را به شکل EPSG:شماره بنویسید، برای نمونه { $known }.
hint-stop-the-other-run = آن را با panjereh stop بایستانید، یا پوشهٔ دادهٔ دیگری برگزینید.
hint-wish-not-now = اکنون چیزی از آن خواسته نشده است.

## web: words of the case
capacity-ampere = آمپر
capacity-diameter-inch = اینچ
capacity-field-ampere = شدت جریان
capacity-field-diameter-inch = قطر انشعاب
capacity-field-m3-hour = ظرفیت کنتور
capacity-field-m3-month = ظرفیت قراردادی
capacity-field-phases = تعداد فاز
capacity-m3-hour = متر مکعب در ساعت
capacity-m3-month = متر مکعب در ماه
capacity-phases = فاز
condition-accept-silence = پذیرش سکوت دستگاه
condition-override-violation = مجاز با پذیرش تداخل
condition-protective-measures = تدابیر حفاظتی
condition-relocate-first = جابه‌جایی خط پیش از کار
consultation-answered = پاسخ داده شد
consultation-lapsed = عدم پاسخ در مهلت مقرر
consultation-pending = در انتظار پاسخ
decision-approved = تأیید شد
decision-refused = رد شد
decision-revoked = ابطال شد
event-case-active = پرونده فعال شد
event-case-approved = درخواست تأیید شد
event-case-awaiting-decision = استعلام‌ها بسته شد؛ در انتظار تصمیم
event-case-completed = پرونده پایان یافت
event-case-completing = پایان کار ثبت شد
event-case-exchanging = سفارش‌ها در حال ابلاغ است
event-case-needs-decision = تصمیم لازم است
event-case-refused = درخواست رد شد
event-case-revoked = پروانه ابطال شد
event-case-routed = شرکت‌های طرف استعلام تعیین شد
event-case-submitted = درخواست ثبت و تداخل کنترل شد
event-case-withdrawn = درخواست پس گرفته شد
event-conflicts-rechecked = تداخل دوباره کنترل شد
event-consultation-asked = استعلام‌ها گشوده شد
event-consultation-lapsed = یک شرکت در مهلت پاسخ نداد
event-exchange-cancelled = سفارش‌ها لغو شد
event-exchange-cancelling = همه رزرو نشد: در حال لغو
event-exchange-confirmed = همهٔ سفارش‌ها قطعی شد
event-exchange-confirming = همهٔ شرکت‌ها رزرو کردند: در حال قطعی‌شدن
event-exchange-opened = سفارش‌ها و تغییر تعرفه‌ها با هم صادر شد
event-exchange-rearmed = فراخوان‌های مانده از سر گرفته شد
event-inquiry-answered = استعلام پاسخ گرفت
event-order-executed = سفارش اجرا شد
event-order-held = سفارش رزرو شد
event-permit-issued = پروانه صادر شد
event-response-received = پاسخ رسید
event-task-closed = کار بسته شد
event-task-opened = کار باز شد
exchange-cancelled = لغو شد
exchange-cancelling = در حال لغو
exchange-confirmed = قطعی شد
exchange-confirming = در حال قطعی‌شدن
exchange-trying = در حال رزرو
method-hand = دستی
method-machine = با ماشین
op-cancel = لغو سفارش
op-confirm = قطعی‌کردن سفارش
op-inquire = استعلام
op-query = پیگیری پاسخ
op-try = رزرو سفارش
purpose-construction = پروانه: تعرفهٔ بنایی
purpose-permanent = پایان کار: تعرفهٔ دائم
role-agency = شرکت خدمات‌رسان
role-applicant = متقاضی
role-auditor = بازرس
role-crisis = مدیریت بحران
role-front-office = دفتر پیشخوان
role-officer = کارشناس صدور پروانه
role-system = سامانه
status-active = فعال
status-awaiting-decision = در انتظار تصمیم
status-completed = پایان‌یافته
status-completing = در حال پایان
status-consulting = در حال استعلام
status-exchanging = در حال ابلاغ سفارش‌ها
status-needs-decision = نیازمند تصمیم
status-refused = ردشده
status-revoked = ابطال‌شده
status-withdrawn = پس‌گرفته‌شده
step-done = انجام شد
step-parked = نیازمند رسیدگی
step-pending = در صف ارسال
step-refused = رد شد
step-sending = در حال ارسال
step-superseded = دیگر لازم نیست
step-unknown = نتیجه نامعلوم
tariff-commercial = تجاری
tariff-construction = بنایی
tariff-industrial = صنعتی
tariff-none = بدون تعرفه
tariff-public = عمومی
tariff-residential = خانگی
task-cancel-overdue = مهلت لغو گذشته است
task-cancel-refused = یک شرکت لغو را نپذیرفت
task-confirm-overdue = مهلت قطعی‌شدن گذشته است
task-confirm-refused = یک شرکت قطعی‌کردن را نپذیرفت
task-consultation-half-time = نیمی از مهلت پاسخ گذشته است
task-consultation-nearly-due = مهلت پاسخ رو به پایان است
task-consultation-overdue = مهلت پاسخ گذشته است
task-inquiry-failed = استعلام به مقصد نرسید
task-late-accept = پذیرش دیرهنگام یک شرکت
task-needs-decision = سفارش‌ها یکجا ثبت نشد: تصمیم لازم است
task-outcome-unknown = نتیجهٔ یک فراخوان نامعلوم است
unit-commercial = تجاری
unit-other = سایر
unit-residential = مسکونی
wish-later = بعداً
wish-not-needed = نیاز نیست
wish-now = اکنون
works-demolish-rebuild = تخریب و نوسازی
works-excavation-only = فقط حفاری
works-extension = توسعهٔ بنا
works-new-building = احداث بنا
works-repair = تعمیرات
freshness-short-fresh = به‌روز
freshness-short-stale = کهنه
freshness-short-missing = بی‌اطلاع
## web: end of the words

## agreement: do two layers agree
agreement-agrees = لایه‌ها تا { $within_m } متر با هم می‌خوانند.
agreement-no-match = لایه‌ها بر هم نمی‌افتند؛ درباره جای آن‌ها چیزی ادعا نمی‌شود.
agreement-off = لایه تحویلی { $dx_m } متر به شرق و { $dy_m } متر به شمال جابه‌جاست.
agreement-reason-ambiguous = چند جابه‌جایی به یک اندازه جور درمی‌آید.
agreement-reason-elsewhere = دو لایه در یک محل نیستند.
agreement-reason-nothing-in-common = هیچ جابه‌جایی بیش از تصادف نقطه‌ها را به هم نمی‌رساند.
agreement-reason-too-few-anchors = نقطه‌ها برای مقایسه بسیار کم‌اند.
agreement-reason-too-uncertain = شواهد برای هر قولی ضعیف است.
grid-model-affine = افاین
grid-model-similarity = متشابه (جابه‌جایی، دوران، مقیاس)
misreading-geographic = درجه‌های دیتوم قدیمی به جای WGS 84
misreading-ground-distances = فاصله‌های زمینی به جای فاصله‌های شبکه
misreading-projected = مختصات دیتوم قدیمی به جای مختصات شهر
reading-as-delivered = مختصات همان‌گونه که تحویل شد
reading-axes-swapped = شرق و شمال جابه‌جا نوشته شده است
reading-degrees = درجه در پرونده متری
reading-degrees-swapped = درجه در پرونده متری، نخست عرض جغرافیایی
reading-other-zone = مختصات زون همسایه UTM
reading-truncated = رقم‌های آغازین افتاده است
reading-unit = یکای طول دیگر
reading-web-mercator = مختصات وب‌مرکاتور
reading-zone-prefix = شماره زون پیش از طول شرقی آمده است

## agreement: refusals
error-anchors-invalid = نقطه‌های لایه را نمی‌توان مقایسه کرد.
error-control-points-disagree = هیچ تبدیلی با بیشتر نقطه‌های کنترل جور نیست: در بهترین حالت { $agreeing } از { $count } تا { $tolerance_m } متر.
error-control-points-flat = { $count } نقطه کنترل بر هم یا روی یک خط‌اند.
error-control-points-invalid = نقطه‌های کنترل شبکه محلی را تعیین نمی‌کنند.
error-control-points-not-finite = مختصات نقطه کنترل { $index } عدد نیست.
error-control-points-too-few = { $count } نقطه کنترل هست؛ دست‌کم { $needed } نقطه لازم است.
hint-add-control-points = نقطه‌های مشترک بیشتری بیفزایید.
hint-check-control-points = عددهای نقطه‌های کنترل و جفت‌بودن آن‌ها را بررسی کنید.
hint-check-the-geometry = هندسه لایه را بررسی کنید.
hint-spread-control-points = نقطه‌هایی پراکنده در سراسر برگه برگزینید.
## agreement: end

## case: words of the history
event-late-accept = شرکت سفارشِ کنارگذاشته‌شده را پذیرفت؛ در حال لغو آن
event-response-late = پاسخ دیررسیده نگه داشته شد
event-step-done = ابلاغ انجام شد
event-step-parked = ابلاغ در انتظار اقدام کارشناس است
event-step-pending = ابلاغ در صف ارسال قرار گرفت
event-step-refused = شرکت نپذیرفت
event-step-retry = ابلاغ دوباره فرستاده می‌شود
event-step-superseded = ابلاغ دیگر لازم نیست
event-step-unknown = نتیجه ابلاغ نامعلوم است
event-wish-deferred = انشعاب به بعد موکول شد
order-cancelled = لغوشده
order-confirmed = فروخته‌شده
order-deferred = برای بعد
order-desired = درخواست‌شده
order-held = نگه‌داشته‌شده
## case: end

## ogc: refusals
error-filter-failed = پایگاه داده نتوانست شرط را حساب کند: { $reason }
error-filter-geometry = هندسهٔ درون شرط به کار نمی‌آید: { $reason }
error-filter-invalid = این شرط به کار نمی‌آید.
error-filter-property = ویژگی { $property } برای شرط وجود ندارد. ویژگی‌های موجود: { $known }.
error-filter-syntax = شرط در نویسهٔ { $position } خوانا نیست: انتظار { $expected } بود و { $found } یافت شد.
error-filter-too-large = شرط بیش از اندازه بزرگ است: بیشینه { $limit } ({ $what }).
error-filter-type = در شرط، { $operator } نمی‌تواند { $left } را با { $right } بسنجد.
error-filter-unsupported = شرط از { $what } بهره می‌گیرد که اینجا ارائه نمی‌شود.
error-parameter-invalid = پارامتر { $parameter } نمی‌تواند «{ $value }» باشد. آنچه پذیرفته است: { $expected }.

## ogc: the pages
ogc-api = شرح رابط
ogc-conformance = انطباق با استاندارد
ogc-conformance-note = بخش‌هایی از استانداردهای OGC که این سرویس پیاده کرده و آزمون‌هایش می‌سنجند.
ogc-count = شمار عارضه‌ها
ogc-credit = پدیدآورنده
ogc-description = لایه‌های { $city }، گشوده به روی هر نرم‌افزار GIS: عارضه‌ها با شرط، کاشی‌های برداری، سبک نقشه و پرونده.
ogc-download = پرونده‌ها
ogc-extent = گستره (باختر، جنوب، خاور، شمال به درجه)
ogc-feature = یک عارضه
ogc-features = عارضه‌ها
ogc-for-programs = برای برنامه‌ها
ogc-kind = نوع
ogc-landing = صفحهٔ آغاز
ogc-layer = لایه
ogc-layer-description = { $name }، متولی: { $owner }، به تاریخ { $day }.
ogc-layers = لایه‌ها
ogc-licence = پروانهٔ استفاده
ogc-many = بسیار زیاد
ogc-meaning = معنا
ogc-next-page = صفحهٔ بعد
ogc-owner = متولی
ogc-path = نشانی
ogc-property = ویژگی
ogc-queryables = آنچه می‌توان با آن شرط گذاشت
ogc-schema = آنچه یک عارضه می‌گوید
ogc-shown = { $shown } عارضه از { $all }
ogc-skip = رفتن به محتوا
ogc-storage-crs = دستگاه مختصات
ogc-style = سبک نقشه
ogc-this-document = همین سند
ogc-tile = یک کاشی برداری
ogc-tiles = کاشی‌های برداری
ogc-tiles-note = کاشی‌های برداری Mapbox در Web Mercator، برای MapLibre و OpenLayers و QGIS.
ogc-tiling-schemes = الگوهای کاشی‌بندی
ogc-title = { $city }: لایه‌های باز
ogc-trail = جای شما
ogc-values = مقدارها یا یکا

## ogc: properties of features
property-area-m2 = مساحت (مترمربع)
property-building-ref = ساختمان
property-class-code = رده
property-cover-m = پوشش خاک (متر)
property-cover-source = منبع پوشش خاک
property-diameter-mm = قطر بیرونی (میلی‌متر)
property-from-node = از گره
property-geometry = هندسه
property-horizontal-uncertainty-m = عدم قطعیت موقعیت (متر، ۹۵٪)
property-id = شناسه
property-installed-year = سال نصب
property-kind = نوع
property-land-use = کاربری زمین
property-main-id = خط اصلی
property-material = جنس
property-name = نام
property-node-id = گره
property-normal-state = حالت عادی
property-number = پلاک
property-origin = خاستگاه
property-owner-agency = متولی
property-parcel-ref = قطعه
property-pressure-bar = فشار (بار)
property-quality-level = سطح کیفیت
property-rating-kva = توان نامی (kVA)
property-renovation-code = کد نوسازی
property-role = نقش
property-status = وضعیت
property-storeys = شمار طبقات
property-street = معبر
property-street-class = ردهٔ معبر
property-surveyed-on = تاریخ برداشت
property-to-node = تا گره
property-use = کاربری
property-utility = تأسیسات
property-vertical-uncertainty-m = عدم قطعیت عمق (متر، ۹۵٪)
property-voltage-kv = ولتاژ (kV)
property-width-m = عرض (متر)
## ogc: end

## access: refusals
error-access-refused = نقش { $role } برای این منظور به لایهٔ { $layer } دسترسی ندارد.
error-app-role-missing = پایگاه داده برای نقش ویژهٔ برنامه آماده نیست ({ $lacks }).
error-area-budget-spent = امروز به اندازهٔ سقف این منظور ({ $allowed } متر مربع) زمین تازه دیده‌اید.
error-case-not-open = این لایه‌ها تنها برای پرونده‌ای باز در همین شهر دیده می‌شوند.
error-look-too-large = هر بار نگاه به لایه‌های حساس تا { $allowed } متر مربع است؛ این محدوده { $found } متر مربع است.
error-look-unidentified = گفته نشده است چه کسی و برای چه به این لایه‌ها نگاه می‌کند.
error-outside-case-site = این جا بیش از { $allowed } متر از محل پرونده دور است.
hint-prepare-app-role = بخش «On a database server of yours» در docs/access.md را ببینید.
## access: end
