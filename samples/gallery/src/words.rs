//! What the pages say: one row for each text, in English, Chinese and Arabic.
//! A `{}` is filled in by [`with`]; a `/` parts the items of a [`list`].
//! Options to choose have their labels with them: `#[choice(zh = "…", ar = "…")]`.

use mprun::{Environment, Text};

macro_rules! words {
    ($($name:ident: $english:literal, $chinese:literal, $arabic:literal;)*) => {
        /// Every text, in one language.
        #[derive(Debug)]
        pub struct Words {
            $(#[doc = $english] pub $name: &'static str,)*
        }

        impl Words {
            /// All of them, with their names.
            pub fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }

        static ENGLISH: Words = Words { $($name: $english,)* };
        static CHINESE: Words = Words { $($name: $chinese,)* };
        static ARABIC: Words = Words { $($name: $arabic,)* };
    };
}

/// The texts in the user's language; English where there are none.
pub fn of(environment: &Environment) -> &'static Words {
    match environment.language() {
        "zh" => &CHINESE,
        "ar" => &ARABIC,
        _ => &ENGLISH,
    }
}

/// A text with something in its `{}`.
pub fn with(text: &str, value: impl Text) -> String {
    let mut written = String::new();
    value.write(&mut written);
    text.replace("{}", &written)
}

/// The items of a text that is a list.
pub fn list(text: &'static str) -> std::str::Split<'static, char> {
    text.split('/')
}

words! {
    // The overview
    gallery: "Gallery", "组件展厅", "معرض العناصر";
    gallery_line: "Every element of mprun: what it is for, how it looks, and the code that makes it.",
        "mprun 的全部组件：用途、外观，以及实现它的代码。", "كل عناصر mprun: الغرض من كل منها وشكله والشيفرة التي تصنعه.";
    gallery_count: "{} elements in seven groups",
        "七组共 {} 个组件", "العناصر: {}، في سبع مجموعات";
    gallery_how: "The code beside an example is the very code that draws it.",
        "示例旁的代码就是绘制该示例的代码。", "الشيفرة بجانب كل مثال هي نفسها التي ترسمه.";

    // The groups
    text: "Text", "文字", "النص";
    text_line: "Paragraphs, headings and signs.",
        "段落、标题与图标。", "فقرات وعناوين ورموز.";
    layout: "Layout", "布局", "التخطيط";
    layout_line: "What holds other elements, and how they are arranged.",
        "容纳其他组件的容器，以及它们的排列方式。", "ما يحوي العناصر الأخرى وكيف تُرتَّب.";
    media: "Media", "媒体", "الوسائط";
    media_line: "Pictures, from the bundle and from elsewhere.",
        "图片，来自程序包或其他网站。", "صور من حزمة البرنامج ومن أماكن أخرى.";
    actions: "Actions", "操作", "الإجراءات";
    actions_line: "What can be pressed, opened and switched.",
        "可以点按、打开和切换的组件。", "ما يُضغط وما يُفتح وما يُبدَّل.";
    fields: "Fields", "表单", "الحقول";
    fields_line: "What people type, choose and tick.",
        "供人输入、选择和勾选的组件。", "ما يكتبه الناس ويختارونه ويحدّدونه.";
    data: "Data", "数据", "البيانات";
    data_line: "Tables, progress and lists without an end.",
        "表格、进度与长列表。", "جداول ومؤشرات تقدم وقوائم طويلة.";
    feedback: "Feedback", "反馈", "الاستجابة";
    feedback_line: "How a program answers: in passing, with a reason, or step by step.",
        "程序如何回应：轻轻提示、说明原因，或逐步报告。", "كيف يجيب البرنامج: بكلمة عابرة، أو بذكر السبب، أو خطوة بخطوة.";

    // Text
    text_use: "A paragraph or a few words: in three sizes, strong or plain, in a tone that suits it.",
        "一段文字或几个词：三种字号，可以加粗，颜色与内容相称。", "فقرة أو بضع كلمات: بثلاثة أحجام، عريضة أو عادية، وبلون مناسب.";
    museum: "Museum of Light", "光之博物馆", "متحف الضوء";
    museum_story: "Eleven rooms in an old power station, from the first lens to the first laser.",
        "旧电厂里的十一间展厅，从第一片透镜到第一束激光。", "إحدى عشرة قاعة في محطة كهرباء قديمة، من أول عدسة إلى أول ليزر.";
    museum_hours: "Open every day but Monday, from ten to six.",
        "每天十点至十八点开放，周一闭馆。", "مفتوح كل يوم عدا الاثنين، من العاشرة صباحًا إلى السادسة مساءً.";
    tone_accent: "New this week", "本周新展", "جديد هذا الأسبوع";
    tone_success: "Tickets are left", "尚有余票", "ما زالت هناك تذاكر";
    tone_warn: "The roof is closed", "屋顶暂停开放", "السطح مغلق";
    heading_use: "Says what comes next. Six levels give a page its outline, and the size follows.",
        "点明接下来的内容。六个级别构成页面大纲，字号随之变化。", "يقول ما سيأتي. ستة مستويات ترسم هيكل الصفحة، والحجم يتبعها.";
    heading_sample: "Level {}", "第 {} 级", "المستوى {}";
    rich_text_use: "One paragraph of several pieces: strong, emphasised, code, a link, in a tone of their own.",
        "由多个片段组成的一段话：加粗、强调、代码、链接，各有各的颜色。", "فقرة واحدة من عدة أجزاء: عريض ومؤكَّد ورمز ورابط، ولكل جزء لونه.";
    rich_start: "Admission is ", "每逢周日", "الدخول ";
    rich_free: "free on Sundays", "免费入场", "مجاني أيام الأحد";
    rich_code: ". With the code ", "。平日凭优惠码 ", "، وبالرمز ";
    rich_pay: " you pay ", " 可享", " تدفع ";
    rich_less: "a quarter less", "七五折", "أقل بالربع";
    rich_days: " on other days. ", "优惠。", " في سائر الأيام. ";
    rich_link: "See how to book", "查看如何订票", "تعرّف على طريقة الحجز";
    rich_not: ". Not in August.", "。八月除外。", ". لا يسري ذلك في أغسطس.";
    icon_use: "Thirty signs, drawn in the colour of the text. One that stands alone needs a label.",
        "三十个图标，颜色跟随文字。单独使用时需要说明文字。", "ثلاثون رمزًا تُرسم بلون النص. وما يقف منها وحده يحتاج إلى وصف.";
    icon_alone: "The ticket is valid", "门票有效", "التذكرة صالحة";

    // Layout
    view_use: "The plain container. Five words decide how it arranges what is inside, and on what: try them.",
        "最基本的容器。五个属性决定内容的排列和底面：试试看。", "الحاوية البسيطة. خمس كلمات تقرر ترتيب ما بداخلها وسطحه: جرّبها.";
    whole_view: "All of this leads to the page about text",
        "点按此处任意位置，前往文字页", "كل هذا يقود إلى صفحة النص";
    rooms: "Prisms/Lamps/Shadows/Mirrors/Lasers/Stars",
        "棱镜厅/灯厅/光影厅/镜厅/激光厅/星空厅", "المناشير/المصابيح/الظلال/المرايا/الليزر/النجوم";
    scroll_view_use: "A part that scrolls by itself, sideways or up and down, by keyboard as well.",
        "可独立滚动的区域，横向或纵向，也可用键盘操作。", "جزء يُمرَّر وحده، أفقيًا أو رأسيًا، وبلوحة المفاتيح أيضًا.";
    rooms_label: "The rooms", "展厅一览", "القاعات";
    rules_label: "Rules of the house", "参观须知", "قواعد المتحف";
    rules: "Please walk./Bags stay in the lockers./Look at lasers from the side./Drinks are for the roof./Children come with a grown-up.",
        "请缓步参观。/箱包请存入储物柜。/请从侧面观看激光。/饮料请在屋顶享用。/儿童须有成人陪同。", "امشِ بهدوء./تُحفظ الحقائب في الخزائن./يُنظر إلى الليزر من الجانب./المشروبات مكانها السطح./يرافق الأطفالَ شخص بالغ.";
    swiper_use: "A few slides, one at a time, moved with a finger.",
        "几张幻灯片，一次一张，用手指滑动。", "بضع شرائح، واحدة في كل مرة، تُحرَّك بالإصبع.";
    slides: "Three of the rooms", "其中三间展厅", "ثلاث من القاعات";
    prisms: "A ray of light that a prism spreads into colours", "一束光经棱镜散成七彩", "شعاع ضوء يفرّقه منشور إلى ألوان";
    lamps: "Three lamps that hang in a dark room", "暗室里悬着三盏灯", "ثلاثة مصابيح معلّقة في غرفة مظلمة";
    shadows: "A sundial and its long shadow", "日晷与它长长的影子", "مزولة وظلها الطويل";
    list_use: "Things of one kind, one below the other; numbered where their order counts.",
        "同类事物逐条排列；顺序重要时加上编号。", "أشياء من نوع واحد، بعضها تحت بعض، ومرقّمة حين يهم ترتيبها.";
    steps_label: "Before your visit", "参观之前", "قبل زيارتك";
    steps: "Choose a day/Book a ticket/Bring it with you", "选择日期/预订门票/随身携带", "اختر يومًا/احجز تذكرة/أحضرها معك";
    press_whole: "Press anywhere on this item", "点按此项任意位置", "اضغط في أي مكان من هذا البند";
    pressed: "Pressed so far: {}", "已点按 {} 次", "عدد الضغطات: {}";
    separator_use: "A thin line between two parts, upright in a row.",
        "两部分之间的细线；在横排中为竖线。", "خط رفيع بين جزأين، ويقف عموديًا في الصف.";
    before_line: "What comes before", "前一部分", "ما يأتي قبله";
    after_line: "What comes after", "后一部分", "ما يأتي بعده";

    // Media
    image_use: "A picture of the bundle, in one of four shapes. Its alt text is for those who do not see it.",
        "程序包里的图片，有四种形态。替代文字供看不到图片的人使用。", "صورة من حزمة البرنامج، بأحد أربعة أشكال. ونصها البديل لمن لا يراها.";
    remote_image_use: "A picture from elsewhere, which the host fetches in the user's place; where it must not, the alt text is shown.",
        "来自其他网站的图片，由宿主代用户获取；不允许获取时显示替代文字。", "صورة من مكان آخر يجلبها المضيف نيابة عن المستخدم؛ وحيث لا يُسمح بذلك يظهر نصها البديل.";
    remote_alt: "The sign of the W3C's first pages", "W3C 早期主页的标志", "شعار صفحات W3C الأولى";

    // Actions
    button_use: "Something to press. A page has one primary button; where something is lost, a button warns.",
        "可以点按的按钮。每页只有一个主要按钮；会造成损失的操作用警示样式。", "شيء يُضغط. في الصفحة زر أساسي واحد، وحيث يضيع شيء يكون الزر محذّرًا.";
    enter: "Enter", "入场", "ادخل";
    look_around: "Look around", "四处看看", "تجوّل";
    leave: "Leave the queue", "退出排队", "اترك الطابور";
    sold_out: "Sold out", "已售罄", "نفدت التذاكر";
    one_more: "One more", "再来一次", "واحدة أخرى";
    navigator_use: "A link to another page of the program, or out of it.",
        "通往程序内其他页面或外部网站的链接。", "رابط إلى صفحة أخرى في البرنامج أو إلى خارجه.";
    to_text: "The page about text", "文字页", "صفحة النص";
    to_web: "The W3C on the web", "W3C 网站", "موقع W3C على الويب";
    dialog_use: "A sheet over the page, for one question. It opens without the network; a program can open one as well.",
        "覆盖在页面上的面板，只问一件事。无需网络即可打开，程序也可以打开。", "لوحة فوق الصفحة لسؤال واحد. تُفتح دون شبكة، ويمكن للبرنامج أيضًا أن يفتحها.";
    book: "Book a ticket", "订一张票", "احجز تذكرة";
    book_title: "A ticket for Sunday?", "预订周日的门票？", "تذكرة ليوم الأحد؟";
    book_text: "It costs nothing, and you can give it back at any time.",
        "门票免费，随时可以退还。", "لا تكلف شيئًا، ويمكنك إعادتها متى شئت.";
    book_yes: "Book it", "预订", "احجزها";
    book_no: "Not now", "暂不预订", "ليس الآن";
    tickets: "Your tickets: {}", "您的门票：{} 张", "تذاكرك: {}";
    full: "Why no more?", "为何不能再订？", "لماذا لا مزيد؟";
    full_title: "Three are the most", "最多三张", "ثلاث هي الحد الأقصى";
    full_text: "So that others get some. The program opened this by itself.",
        "好让其他人也有票。这个面板是程序主动打开的。", "حتى يبقى منها لغيرك. وقد فتح البرنامج هذه اللوحة بنفسه.";
    full_yes: "I see", "知道了", "فهمت";
    give_back: "Give them back", "全部退还", "أعدها كلها";
    disclosure_use: "Keeps details out of the way until somebody asks.",
        "把细节收起来，需要时再展开。", "يُبقي التفاصيل جانبًا حتى يسأل عنها أحد.";
    cafe: "Is there a café?", "有咖啡馆吗？", "هل يوجد مقهى؟";
    cafe_text: "On the roof, with the river below. It closes with the museum.",
        "在屋顶，可以俯瞰河景，与博物馆同时关门。", "على السطح والنهر أسفله، ويغلق مع المتحف.";
    photos: "May I take pictures?", "可以拍照吗？", "هل التصوير مسموح؟";
    photos_text: "Yes, without a flash: the rooms are dark on purpose.",
        "可以，但请勿使用闪光灯：展厅特意保持昏暗。", "نعم، دون وميض: القاعات مظلمة عن قصد.";
    tabs_use: "Several sides of one thing in one place, one of them in sight.",
        "同一事物的几个方面，每次只显示一个。", "عدة أوجه لشيء واحد في مكان واحد، يظهر منها وجه.";
    tours: "Guided tours", "导览", "الجولات الإرشادية";
    today: "Today", "今天", "اليوم";
    today_text: "At two: light that bends, in the room of prisms.",
        "十四点：弯折的光，棱镜厅。", "في الثانية ظهرًا: الضوء المنحني، في قاعة المناشير.";
    tomorrow: "Tomorrow", "明天", "غدًا";
    tomorrow_text: "At eleven: how a shadow tells the time, on the roof.",
        "十一点：影子如何报时，屋顶。", "في الحادية عشرة: كيف يدلّ الظل على الوقت، على السطح.";
    sunday: "Sunday", "周日", "الأحد";
    sunday_text: "All day: build a lamp of your own.",
        "全天：亲手做一盏灯。", "طوال اليوم: اصنع مصباحك بنفسك.";

    // Fields
    form_use: "Fields that are handed in together. What is wrong is said at its field; nothing that was typed is lost.",
        "一起提交的一组字段。哪里有误就在哪里提示，已填写的内容不会丢失。", "حقول تُرسل معًا. يُذكر الخطأ عند حقله، ولا يضيع شيء مما كُتب.";
    booking: "A booking", "预订", "حجز";
    booking_name: "Name on the ticket", "票上姓名", "الاسم على التذكرة";
    booking_email: "Where to send it", "接收邮箱", "البريد الذي تُرسل إليه";
    booking_email_hint: "An e-mail address.", "请填写电子邮箱地址。", "عنوان بريد إلكتروني.";
    booking_tickets: "How many", "张数", "عدد التذاكر";
    booking_day: "Day of the visit", "参观日期", "يوم الزيارة";
    booking_rules: "I have read the rules", "我已阅读参观须知", "قرأتُ قواعد المتحف";
    booking_send: "Book", "提交预订", "أرسل الحجز";
    booking_wrong: "An e-mail address has an @ in it.",
        "电子邮箱地址中应有 @。", "عنوان البريد الإلكتروني يحتوي على @.";
    booked: "Booked for {}. See you there!", "已为 {} 预订，期待您的光临！", "تم الحجز باسم {}. إلى اللقاء!";
    input_use: "A line to fill in. Here the program hears every letter, and answers at once.",
        "单行输入框。这里程序随输入即时回应。", "سطر للملء. هنا يسمع البرنامج كل حرف ويجيب فورًا.";
    your_name: "Your name", "您的姓名", "اسمك";
    your_name_sample: "Ada", "小明", "ليلى";
    your_name_hint: "The line below changes as you type.", "下方文字会随输入变化。", "يتغير السطر أدناه وأنت تكتب.";
    hello: "Welcome, {}!", "{}，欢迎光临！", "مرحبًا يا {}!";
    input_types_use: "Eight types bring the keyboard or the chooser that fits.",
        "八种类型，对应合适的键盘或选择器。", "ثمانية أنواع تجلب لوحة المفاتيح أو المنتقي المناسب.";
    type_text: "Text", "文字", "نص";
    type_number: "Whole number", "整数", "عدد صحيح";
    type_digit: "Number", "数字", "عدد";
    type_email: "E-mail", "电子邮箱", "البريد الإلكتروني";
    type_tel: "Telephone", "电话", "الهاتف";
    type_password: "Password", "密码", "كلمة السر";
    type_date: "Date", "日期", "التاريخ";
    type_time: "Time", "时间", "الوقت";
    type_disabled: "Cannot be changed", "不可修改", "لا يمكن تغييره";
    textarea_use: "Several lines to fill in.", "多行输入框。", "عدة أسطر للملء.";
    message: "A question for the guide", "想问讲解员的问题", "سؤال للمرشد";
    message_sample: "Why is the sky blue?", "天空为什么是蓝色的？", "لماذا السماء زرقاء؟";
    message_left: "Characters left: {}", "还可输入 {} 个字符", "الأحرف المتبقية: {}";
    picker_use: "One of several, folded away until it is needed.",
        "多选一，平时折叠起来。", "واحد من عدة خيارات، مطوية إلى حين الحاجة.";
    day: "Day", "到访日", "اليوم المفضّل";
    day_monday: "Monday (closed)", "周一（闭馆）", "الاثنين (مغلق)";
    chosen: "Chosen: {}", "已选：{}", "اخترت: {}";
    radio_group_use: "One of several, all of them in sight.", "多选一，所有选项一目了然。", "واحد من عدة خيارات، كلها ظاهرة.";
    hour: "Time of day", "时段", "وقت الزيارة";
    checkbox_use: "Yes or no, to be ticked.", "是或否，勾选即可。", "نعم أو لا، بوضع علامة.";
    newsletter: "Send me the programme", "请寄给我活动预告", "أرسلوا إليّ البرنامج";
    newsletter_hint: "Once a month, by e-mail.", "每月一次，通过邮件发送。", "مرة في الشهر، بالبريد الإلكتروني.";
    checkbox_group_use: "Any number of several, under one heading.",
        "同一标题下可选任意多项。", "أي عدد من الخيارات، تحت عنوان واحد.";
    likes: "What do you like?", "您喜欢哪些展厅？", "ما الذي يعجبك؟";
    likes_hint: "As many as you want.", "可多选。", "اختر ما تشاء.";
    switch_use: "On or off, with effect at once.", "开或关，立即生效。", "تشغيل أو إيقاف، بأثر فوري.";
    audio: "Audio guide", "语音导览", "الدليل الصوتي";
    audio_on: "The guide speaks to you in every room.", "每间展厅都有语音讲解。", "يحدّثك الدليل في كل قاعة.";
    audio_off: "You walk in silence.", "您将安静地参观。", "ستتجول في هدوء.";
    slider_use: "A number between two others, by thumb or by the arrow keys.",
        "在两个数之间选一个，用手指拖动或用方向键。", "عدد بين عددين، بالإبهام أو بمفاتيح الأسهم.";
    visitors: "Visitors", "参观人数", "عدد الزوار";
    visitors_hint: "Groups have at most twelve.", "团队最多十二人。", "لا تزيد المجموعة على اثني عشر.";
    price: "Together: €{}", "合计：{} 欧元", "المجموع: {} يورو";

    // Data
    table_use: "Rows and columns. Cells that head a column or row are read out with the others.",
        "行与列。列首和行首单元格会与其他单元格一起朗读。", "صفوف وأعمدة. والخلايا التي تتصدر عمودًا أو صفًا تُقرأ مع غيرها.";
    opening: "Opening hours", "开放时间", "أوقات الفتح";
    opening_columns: "Day/Opens/Closes/Visitors", "日期/开门/关门/访客", "اليوم/يفتح/يغلق/الزوار";
    opening_days: "Tuesday/Wednesday/Thursday/Friday/Saturday/Sunday",
        "周二/周三/周四/周五/周六/周日", "الثلاثاء/الأربعاء/الخميس/الجمعة/السبت/الأحد";
    progress_use: "How far something is.", "某件事完成了多少。", "كم أُنجز من شيء ما.";
    restored: "Room of stars", "星空厅修复", "قاعة النجوم";
    paid: "New roof", "新屋顶筹款", "السطح الجديد";
    paging_use: "A long list comes in parts: more when its end is reached, all anew when the page is pulled down.",
        "长列表分批加载：到达末尾时继续加载，下拉页面则全部刷新。", "القائمة الطويلة تأتي على أجزاء: المزيد عند آخرها، ومن جديد عند سحب الصفحة إلى أسفل.";
    collection: "The collection", "馆藏", "المجموعة";
    objects: "Lantern/Prism/Lens/Mirror/Sundial/Lamp", "灯笼/棱镜/透镜/镜子/日晷/台灯", "فانوس/منشور/عدسة/مرآة/مزولة/مصباح";
    object_number: "No. {}", "第 {} 号", "رقم {}";
    objects_shown: "{} of 60 objects", "60 件藏品中的 {} 件", "المعروض: {} من 60";
    refreshed: "Refreshed: {}", "已刷新 {} 次", "مرات التحديث: {}";

    // Feedback
    toast_use: "A word in passing, for what went well; nothing is missed without it.",
        "顺利完成时的轻轻一句，错过也无妨。", "كلمة عابرة لما سار على ما يرام، ولا يفوت بدونها شيء.";
    toast: "Keep the ticket", "收好门票", "احفظ التذكرة";
    toast_said: "Your ticket is kept.", "门票已收好。", "حُفظت تذكرتك.";
    alert_use: "A refusal. Nothing of the event is kept, and the user is told why.",
        "拒绝操作：本次操作不作任何保留，并告知用户原因。", "رفض. لا يُحفظ شيء من الحدث، ويُقال للمستخدم السبب.";
    alert: "Enter at midnight", "午夜入场", "ادخل عند منتصف الليل";
    alert_said: "The museum is closed at night.", "博物馆夜间不开放。", "المتحف مغلق ليلًا.";
    notice_use: "A notice that stays on the page, on a plane of its own.",
        "留在页面上的提示，有自己的底色。", "تنبيه يبقى في الصفحة، على سطح خاص به.";
    notice: "The lift is being repaired until Friday.",
        "电梯维修中，周五恢复使用。", "المصعد قيد الإصلاح حتى يوم الجمعة.";
    timer_use: "Work that goes on by itself. Each step reaches the open page without a press.",
        "自行推进的任务。每一步都会自动更新到打开的页面。", "عمل يمضي من تلقاء نفسه. تصل كل خطوة إلى الصفحة دون ضغط.";
    develop: "Develop a picture", "冲洗照片", "حمّض صورة";
    develop_label: "The picture", "照片", "الصورة";
    develop_rest: "The darkroom is free.", "暗房空闲。", "غرفة التحميض خالية.";
    develop_goes: "{} percent are done.", "已完成百分之 {}。", "أُنجز {} بالمئة.";
    develop_done: "The picture is ready.", "照片冲洗好了。", "الصورة جاهزة.";
    live_text_use: "A text whose changes are read out to those who do not see the page.",
        "内容变化时会朗读给看不到页面的人。", "نص تُقرأ تغيّراته لمن لا يرى الصفحة.";
    let_in: "Let somebody in", "放一人入场", "أدخل شخصًا";
    let_out: "Let somebody out", "送一人离场", "أخرج شخصًا";
    inside: "Visitors inside: {}", "馆内访客：{} 人", "الزوار في الداخل: {}";
}
