//! What a view sees beside the page's state: the program's state and where it
//! is shown. How numbers and times are written for people is decided here.

/// What `view` may look at.
///
/// ```
/// use mprun::prelude::*;
/// #[derive(State, Default)]
/// struct Shop { cart: Vec<u32> }
/// fn badge(look: &Look<Shop>) -> Node<()> {
///     view! { <text>{look.app.cart.len()} " in the cart, " {look.money(1250)}</text> }
/// }
/// ```
#[derive(Debug)]
pub struct Look<'a, App = ()> {
    /// The program's state.
    pub app: &'a App,
    /// Where the page is shown.
    pub environment: &'a Environment,
}

impl<App> Look<'_, App> {
    /// An amount in hundredths, as numbers are written where the user is: two
    /// places, groups of three. The currency's sign is the program's.
    ///
    /// ```
    /// # use mprun::{Environment, Look};
    /// let (en, de) = (Environment::default(), Environment::new(vec![("locale".into(), "de-AT".into())]));
    /// assert_eq!(Look { app: &(), environment: &en }.money(123_456), "1,234.56");
    /// assert_eq!(Look { app: &(), environment: &de }.money(-5), "-0,05");
    /// ```
    pub fn money(&self, cents: impl Into<i64>) -> String {
        let cents = cents.into();
        let (group, point) = self.environment.separators();
        let mut digits = itoa::Buffer::new();
        let whole = digits.format(cents.unsigned_abs() / 100);
        let mut text = String::with_capacity(whole.len() + 8);
        if cents < 0 {
            text.push('-');
        }
        for (position, digit) in whole.chars().enumerate() {
            if position > 0 && (whole.len() - position).is_multiple_of(3) {
                text.push(group);
            }
            text.push(digit);
        }
        text.push(point);
        let rest = cents.unsigned_abs() % 100;
        text.push(char::from(b'0' + (rest / 10) as u8));
        text.push(char::from(b'0' + (rest % 10) as u8));
        text
    }

    /// Date and time of milliseconds since 1970, as `2026-11-22 14:30`, on the
    /// user's clock. Where the user's zone changes its offset over the year (the
    /// program has no table of that), in UTC, and it says so.
    ///
    /// ```
    /// # use mprun::{Environment, Look};
    /// let shanghai = Environment::new(vec![("time-zone".into(), "Asia/Shanghai".into())]);
    /// let berlin = Environment::new(vec![("time-zone".into(), "Europe/Berlin".into())]);
    /// let ms = 1_795_357_800_000;
    /// assert_eq!(Look { app: &(), environment: &shanghai }.time(ms), "2026-11-22 22:30");
    /// assert_eq!(Look { app: &(), environment: &berlin }.time(ms), "2026-11-22 14:30 UTC");
    /// ```
    pub fn time(&self, ms: u64) -> String {
        let (minutes, known) = self.environment.offset();
        let local = i64::try_from(ms / 60_000).unwrap_or(i64::MAX / 2) + minutes;
        let (days, minute) = (local.div_euclid(1_440), local.rem_euclid(1_440));
        let (year, month, day) = civil(days);
        let zone = if known { "" } else { " UTC" };
        format!("{year:04}-{month:02}-{day:02} {:02}:{:02}{zone}", minute / 60, minute % 60)
    }

    /// The date alone, as `2026-11-22`, as [`Look::time`] has it.
    ///
    /// ```
    /// # use mprun::{Environment, Look};
    /// let environment = Environment::default();
    /// assert_eq!(Look { app: &(), environment: &environment }.date(951_782_400_000), "2000-02-29");
    /// ```
    pub fn date(&self, ms: u64) -> String {
        let mut text = self.time(ms);
        text.truncate(text.find(' ').unwrap_or(text.len()));
        text
    }
}

/// Year, month and day of a day since 1970-01-01, in the Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    // Years begin in March here, so that the leap day is the last of its year.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day = days.rem_euclid(146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let month_of_year = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month_of_year <= 2), month_of_year, of_year - (153 * month + 2) / 5 + 1)
}

/// Where the program runs and is shown. A host gives what it knows; what is
/// missing has a default.
///
/// ```
/// use mprun::Environment;
/// let environment = Environment::new(vec![("locale".into(), "de-AT".into())]);
/// assert_eq!(environment.locale(), "de-AT");
/// assert_eq!(environment.language(), "de");
/// assert!(!environment.is_dark());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    pairs: Vec<(String, String)>,
}

impl Environment {
    /// From named values.
    ///
    /// ```
    /// assert_eq!(mprun::Environment::new(vec![]), mprun::Environment::default());
    /// ```
    pub fn new(pairs: Vec<(String, String)>) -> Self {
        Self { pairs }
    }

    /// A value by its name: `locale`, `direction`, `time-zone`, `theme`, `host`,
    /// `contract`, and what later hosts add.
    ///
    /// ```
    /// assert_eq!(mprun::Environment::default().get("host"), None);
    /// ```
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The user's language and region (BCP 47), `en` if the host does not say.
    ///
    /// ```
    /// assert_eq!(mprun::Environment::default().locale(), "en");
    /// ```
    pub fn locale(&self) -> &str {
        self.get("locale").unwrap_or("en")
    }

    /// The language alone, for a program's own texts.
    ///
    /// ```
    /// # use mprun::Environment;
    /// fn title(environment: &Environment) -> &'static str {
    ///     match environment.language() { "de" => "Speisekarte", "zh" => "菜单", _ => "Menu" }
    /// }
    /// assert_eq!(title(&Environment::default()), "Menu");
    /// ```
    pub fn language(&self) -> &str {
        let locale = self.locale();
        locale.split(['-', '_']).next().unwrap_or(locale)
    }

    /// Whether text runs from right to left.
    ///
    /// ```
    /// assert!(!mprun::Environment::default().is_right_to_left());
    /// ```
    pub fn is_right_to_left(&self) -> bool {
        self.get("direction") == Some("rtl")
    }

    /// The user's time zone (IANA), `UTC` if the host does not say.
    ///
    /// ```
    /// assert_eq!(mprun::Environment::default().time_zone(), "UTC");
    /// ```
    pub fn time_zone(&self) -> &str {
        self.get("time-zone").unwrap_or("UTC")
    }

    /// Whether the host shows light text on a dark ground.
    ///
    /// ```
    /// assert!(!mprun::Environment::default().is_dark());
    /// ```
    pub fn is_dark(&self) -> bool {
        self.get("theme") == Some("dark")
    }

    /// What stands between groups of three digits, and before the hundredths.
    fn separators(&self) -> (char, char) {
        match self.language() {
            "de" if self.locale().ends_with("CH") => ('’', '.'),
            "de" | "es" | "it" | "nl" | "pt" | "da" | "tr" | "id" | "el" | "ro" => ('.', ','),
            "fr" | "ru" | "pl" | "cs" | "sk" | "uk" | "fi" | "sv" | "nb" | "no" | "hu" | "bg" => ('\u{a0}', ','),
            _ => (',', '.'),
        }
    }

    /// Minutes east of UTC, and whether that is so the whole year. UTC itself is
    /// also what a host says that does not know: no clock of a user.
    fn offset(&self) -> (i64, bool) {
        let zone = self.time_zone();
        let minutes = match zone {
            "Africa/Abidjan" | "Africa/Accra" | "Atlantic/Reykjavik" => 0,
            "Africa/Lagos" | "Africa/Algiers" | "Africa/Tunis" => 60,
            "Africa/Johannesburg" | "Africa/Maputo" => 120,
            "Africa/Nairobi" | "Asia/Riyadh" | "Europe/Istanbul" | "Europe/Moscow" | "Asia/Baghdad" => 180,
            "Asia/Dubai" => 240,
            "Asia/Karachi" | "Asia/Tashkent" => 300,
            "Asia/Kolkata" | "Asia/Calcutta" => 330,
            "Asia/Dhaka" => 360,
            "Asia/Bangkok" | "Asia/Ho_Chi_Minh" | "Asia/Jakarta" => 420,
            "Asia/Shanghai" | "Asia/Hong_Kong" | "Asia/Macau" | "Asia/Taipei" | "Asia/Singapore" | "Asia/Manila"
            | "Asia/Kuala_Lumpur" | "Australia/Perth" => 480,
            "Asia/Tokyo" | "Asia/Seoul" => 540,
            "Australia/Brisbane" => 600,
            "America/Sao_Paulo" | "America/Argentina/Buenos_Aires" => -180,
            "America/Bogota" | "America/Lima" => -300,
            "America/Phoenix" => -420,
            "Pacific/Honolulu" => -600,
            _ => return (0, false),
        };
        (minutes, true)
    }
}
