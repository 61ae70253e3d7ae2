//! A form of 30 fields, filled in with what is stored.

use mprun::prelude::*;
use mprun::{FieldReader, Fields, Rules};

const KEY: &str = "details";

/// Each field's name and an example of what it says, in the order of the page.
const FIELDS: &[(&str, &str)] = &[
    ("first-name", "Ada"),
    ("last-name", "Lovelace"),
    ("company", "Analytical & Sons"),
    ("email", "ada@example.com"),
    ("phone", "+44 20 7946 0000"),
    ("street", "St James's Square"),
    ("house", "12"),
    ("floor", "3"),
    ("postcode", "SW1Y 4JH"),
    ("city", "London"),
    ("region", "Westminster"),
    ("country", "United Kingdom"),
    ("birthday", "1990-12-10"),
    ("arrival", "09:30"),
    ("people", "4"),
    ("budget", "120.50"),
    ("reference", "A-1843"),
    ("tax-number", "GB 123 4567 89"),
    ("website", "https://example.com/ada?a=1&b=2"),
    ("coupon", "ENGINE <10>"),
    ("note", "Please ring twice & wait."),
    ("directions", "Through the yard, then left."),
    ("language", "en"),
    ("currency", "gbp"),
    ("contact", "phone"),
    ("parcel", "small"),
    ("news", "true"),
    ("reminders", "false"),
    ("gift", "true"),
    ("terms", "true"),
];

/// What the fields say, in the order of [`FIELDS`].
#[derive(State, Default)]
pub(crate) struct Details {
    values: Vec<String>,
}

#[derive(Message)]
pub(crate) enum Msg {
    /// Puts the examples into storage.
    Seed,
    /// Keeps what was filled in.
    Save(Form<Details>),
}

impl Details {
    fn value(&self, name: &str) -> &str {
        let found = FIELDS.iter().zip(&self.values).find(|((field, _), _)| *field == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    fn is(&self, name: &str) -> bool {
        self.value(name) == "true"
    }
}

impl Fields for Details {
    fn read(fields: &mut FieldReader<'_>) -> Option<Self> {
        // One line is stored for each field.
        let read = |(name, _): &(&str, &str)| Some(fields.field::<String>(name, &Rules::NONE)?.replace('\n', " "));
        Some(Details { values: FIELDS.iter().map(read).collect::<Option<_>>()? })
    }
}

impl Page for Details {
    type Msg = Msg;

    fn load(cx: &mut Cx<(), Msg>, _: &Params) -> Result<Self> {
        let stored = cx.get_bytes(KEY)?.unwrap_or_default();
        let text = str::from_utf8(&stored).unwrap_or_default();
        Ok(Details { values: text.lines().map(str::to_owned).collect() })
    }

    fn update(&mut self, msg: Msg, cx: &mut Cx<(), Msg>) -> Result {
        match msg {
            Msg::Seed => {
                let values: Vec<_> = FIELDS.iter().map(|(_, value)| *value).collect();
                cx.set_bytes(KEY, values.join("\n").as_bytes())?;
            }
            Msg::Save(form) => {
                *self = form.get()?;
                cx.set_bytes(KEY, self.values.join("\n").as_bytes())?;
            }
        }
        Ok(())
    }

    fn view(&self, _: &Look) -> Node<Msg> {
        view! {
            <view>
                <heading level=1>"Your details"</heading>
                <form on:submit=Msg::Save>
                    <input label="First name" name="first-name" value={self.value("first-name")}
                        hint="At most 80 characters." maxlength=80/>
                    <input label="Last name" name="last-name" value={self.value("last-name")}
                        hint="At most 80 characters." maxlength=80/>
                    <input label="Company" name="company" value={self.value("company")}
                        hint="At most 80 characters." maxlength=80/>
                    <input label="E-mail" name="email" type="email" value={self.value("email")}
                        hint="At most 80 characters." maxlength=80/>
                    <input label="Phone" name="phone" type="tel" value={self.value("phone")}
                        hint="At most 80 characters." maxlength=80/>
                    <input label="Street" name="street" value={self.value("street")}
                        hint="At most 80 characters." maxlength=80/>
                    <input label="House" name="house" value={self.value("house")}
                        hint="At most 80 characters." maxlength=80/>
                    <input label="Floor" name="floor" value={self.value("floor")}
                        hint="At most 80 characters." maxlength=80/>
                    <input label="Postcode" name="postcode" value={self.value("postcode")}
                        hint="At most 80 characters." maxlength=80/>
                    <input label="City" name="city" value={self.value("city")}
                        hint="At most 80 characters." maxlength=80/>
                    <input label="Region" name="region" value={self.value("region")}
                        hint="At most 80 characters." maxlength=80/>
                    <input label="Country" name="country" value={self.value("country")}
                        hint="At most 80 characters." maxlength=80/>
                    <input label="Birthday" name="birthday" type="date" value={self.value("birthday")}
                        hint="At most 80 characters." maxlength=80/>
                    <input label="Arrival" name="arrival" type="time" value={self.value("arrival")}
                        hint="At most 80 characters." maxlength=80/>
                    <input label="People" name="people" type="number" value={self.value("people")}
                        hint="At most 80 characters." maxlength=80/>
                    <input label="Budget" name="budget" type="digit" value={self.value("budget")}
                        hint="At most 80 characters." maxlength=80/>
                    <input label="Reference" name="reference" value={self.value("reference")}
                        hint="At most 80 characters." maxlength=80/>
                    <input label="Tax number" name="tax-number" value={self.value("tax-number")}
                        hint="At most 80 characters." maxlength=80/>
                    <input label="Website" name="website" value={self.value("website")}
                        hint="At most 80 characters." maxlength=80/>
                    <input label="Coupon" name="coupon" value={self.value("coupon")}
                        hint="At most 80 characters." maxlength=80/>
                    <textarea label="Note" name="note" value={self.value("note")}/>
                    <textarea label="Directions" name="directions" value={self.value("directions")}/>
                    <picker label="Language" name="language" value={self.value("language")}>
                        <option value="en">"English"</option>
                        <option value="zh">"Chinese"</option>
                        <option value="ar">"Arabic"</option>
                        <option value="de">"German"</option>
                    </picker>
                    <picker label="Currency" name="currency" value={self.value("currency")}>
                        <option value="gbp">"Pounds"</option>
                        <option value="eur">"Euros"</option>
                        <option value="cny">"Yuan"</option>
                        <option value="usd">"Dollars"</option>
                    </picker>
                    <picker label="Reach me by" name="contact" value={self.value("contact")}>
                        <option value="phone">"Phone"</option>
                        <option value="email">"E-mail"</option>
                        <option value="post">"Post"</option>
                        <option value="none">"Nothing"</option>
                    </picker>
                    <picker label="Parcel" name="parcel" value={self.value("parcel")}>
                        <option value="small">"Small"</option>
                        <option value="medium">"Medium"</option>
                        <option value="large">"Large"</option>
                        <option value="pallet">"Pallet"</option>
                    </picker>
                    <checkbox label="Send me news" name="news" checked={self.is("news")}/>
                    <checkbox label="Remind me" name="reminders" checked={self.is("reminders")}/>
                    <checkbox label="This is a gift" name="gift" checked={self.is("gift")}/>
                    <checkbox label="I agree to the terms" name="terms" checked={self.is("terms")}/>
                    <button type="primary" form-type="submit">"Save"</button>
                </form>
                <button on:tap=Msg::Seed>"Seed"</button>
            </view>
        }
    }
}
