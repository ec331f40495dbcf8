//! Forms, as values.

/// A form with its fields, and what is wrong with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Where it is sent.
    pub action: String,
    /// What every form of somebody who is signed in carries.
    pub token: Option<String>,
    /// What goes along unseen.
    pub hidden: Vec<(&'static str, String)>,
    /// What is asked, in order.
    pub fields: Vec<Field>,
    /// Why the last attempt was refused, where no field is at fault.
    pub refusal: Option<String>,
    /// What the button says.
    pub button: String,
}

impl Form {
    /// A form that asks nothing yet.
    #[must_use]
    pub fn new(action: impl Into<String>, button: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            token: None,
            hidden: Vec::new(),
            fields: Vec::new(),
            refusal: None,
            button: button.into(),
        }
    }

    /// The same, of somebody who is signed in.
    #[must_use]
    pub fn of(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// The same with something that goes along unseen.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.hidden.push((name, value.into()));
        self
    }

    /// The same asking one thing more.
    #[must_use]
    pub fn asking(mut self, field: Field) -> Self {
        self.fields.push(field);
        self
    }

    /// Whether the last attempt was refused, so that the summary takes the focus.
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.refusal.is_some() || self.faults().next().is_some()
    }

    /// The fields at fault: each one's id, and what is wrong with which field.
    pub fn faults(&self) -> impl Iterator<Item = (&str, String)> {
        self.fields.iter().filter_map(|field| {
            let error = field.error.as_ref()?;
            Some((field.id(), format!("{}: {}", field.label, within_a_sentence(error))))
        })
    }
}

/// A sentence as it goes on after a colon.
fn within_a_sentence(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// What is asked for in a field; browsers and password managers go by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// A line of text.
    Line,
    /// A name that something gets in addresses.
    WebName,
    /// Somebody's name.
    PersonName,
    /// A username.
    Username,
    /// An email address.
    Email,
    /// The password in force.
    Password,
    /// A password that is to be.
    NewPassword,
    /// A one-time or recovery code.
    Code,
    /// The printed emergency code.
    PrintedCode,
}

impl FieldKind {
    /// The input's type.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Password | Self::NewPassword => "password",
            _ => "text",
        }
    }

    /// What a browser may fill in.
    #[must_use]
    pub const fn autocomplete(self) -> &'static str {
        match self {
            Self::Line | Self::WebName | Self::PrintedCode => "off",
            Self::PersonName => "name",
            Self::Username => "username",
            Self::Email => "email",
            Self::Password => "current-password",
            Self::NewPassword => "new-password",
            Self::Code => "one-time-code",
        }
    }

    /// Which keys a telephone shows.
    #[must_use]
    pub const fn inputmode(self) -> Option<&'static str> {
        match self {
            Self::Email => Some("email"),
            _ => None,
        }
    }

    /// Whether it is never shown again.
    #[must_use]
    pub const fn is_secret(self) -> bool {
        matches!(self, Self::Password | Self::NewPassword | Self::Code | Self::PrintedCode)
    }

    /// Whether spelling is checked and letters are made large.
    #[must_use]
    pub const fn is_prose(self) -> bool {
        matches!(self, Self::Line | Self::PersonName)
    }
}

/// What was typed into a field, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name in requests.
    pub name: &'static str,
    /// Another id than its name, where a page has two fields of that name.
    pub other_id: Option<&'static str>,
    /// What people call it.
    pub label: &'static str,
    /// What is asked for.
    pub kind: FieldKind,
    /// What one should know while typing.
    pub hint: Option<String>,
    /// What was typed; empty for what is secret.
    pub value: String,
    /// What is wrong and what to do, in a sentence.
    pub error: Option<String>,
    /// How many characters it takes. None for passwords: a browser would cut
    /// them without a word.
    pub limit: Option<usize>,
    /// Whether it may stay empty.
    pub optional: bool,
    /// What there is to choose from; empty where one types.
    pub choices: Vec<Choice>,
    /// Where script asks how strong a new password is.
    pub meter: Option<String>,
}

/// One of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is read.
    pub label: String,
}

impl Field {
    /// A field that nobody has filled in yet.
    #[must_use]
    pub const fn new(name: &'static str, label: &'static str, kind: FieldKind) -> Self {
        Self {
            name,
            other_id: None,
            label,
            kind,
            hint: None,
            value: String::new(),
            error: None,
            limit: None,
            optional: false,
            choices: Vec::new(),
            meter: None,
        }
    }

    /// The same with something to know while typing.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same as it was typed.
    #[must_use]
    pub fn typed(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    /// The same with something wrong.
    #[must_use]
    pub fn wrong(mut self, error: Option<String>) -> Self {
        self.error = error;
        self
    }

    /// The same for at most this many characters.
    #[must_use]
    pub const fn at_most(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Its id in the page.
    #[must_use]
    pub fn id(&self) -> &str {
        self.other_id.unwrap_or(self.name)
    }

    /// The ids of what describes it.
    #[must_use]
    pub fn described(&self) -> Option<String> {
        let parts: Vec<String> = [
            self.error.is_some().then(|| format!("{}-error", self.id())),
            self.hint.is_some().then(|| format!("{}-hint", self.id())),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}

/// A form that a passkey answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyForm {
    /// Where it is sent, and what is asked beside.
    pub form: Form,
    /// Where script asks what the passkey is to answer.
    pub options: String,
    /// What is said when the browser gave no answer.
    pub refused: String,
}
