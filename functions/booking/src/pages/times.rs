//! The choice of a time: days, one row for each teacher, a button for each time.

/// The free times of one day, as the event's page and the move page show them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Times {
    /// The day shown, in full: `Thursday 3 December 2026`.
    pub day: String,
    /// The day as it is said with a time: `Thursday 3 December`.
    pub short_day: String,
    /// The days to choose from, this one among them.
    pub days: Vec<DayChoice>,
    /// The choice of a teacher; none where there is only one to see.
    pub filter: Option<Filter>,
    /// A row for each teacher, in the order in which they are shown.
    pub resources: Vec<ResourceTimes>,
    /// Where the list continues.
    pub next: Option<String>,
    /// What choosing a time does.
    pub choosing: Choosing,
}

impl Times {
    /// Whether no time of this day can be chosen.
    #[must_use]
    pub fn nothing_free(&self) -> bool {
        self.next.is_none() && self.resources.iter().all(|resource| resource.free == 0)
    }

    /// Whether one teacher was asked for.
    #[must_use]
    pub fn filtered(&self) -> bool {
        self.filter
            .as_ref()
            .is_some_and(|filter| filter.choices.iter().any(|choice| choice.selected))
    }

    /// Whether a narrow screen asks for the teacher first.
    #[must_use]
    pub fn in_steps(&self) -> bool {
        self.resources.len() > 1 && self.resources.iter().any(|resource| resource.path.is_some())
    }

    /// The other days on which something is free.
    pub fn other_days(&self) -> impl Iterator<Item = &DayChoice> {
        self.days.iter().filter(|day| !day.current && day.free)
    }
}

/// What choosing a time does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choosing {
    /// It leads to the booking form.
    Follows {
        /// The form's path; `?slot=` and the slot's id are added.
        book_path: String,
    },
    /// It sends the slot's id at once.
    Sends {
        /// The path that takes it.
        action: String,
    },
}

impl Choosing {
    /// Where a chosen time goes.
    #[must_use]
    pub fn action(&self) -> &str {
        match self {
            Self::Follows { book_path } => book_path,
            Self::Sends { action } => action,
        }
    }

    /// How it goes there.
    #[must_use]
    pub fn method(&self) -> &'static str {
        match self {
            Self::Follows { .. } => "get",
            Self::Sends { .. } => "post",
        }
    }
}

/// One day to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayChoice {
    /// The page for that day; keeps the chosen teacher.
    pub path: String,
    /// The day in short: `Thu 3 Dec`.
    pub label: String,
    /// How many are free, in words: `42 free`, `All taken`.
    pub note: String,
    /// Whether anything is free: with the chosen teacher, where one is chosen.
    pub free: bool,
    /// Whether it is the day shown.
    pub current: bool,
}

/// The choice of a teacher, as a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// The page itself, without a query.
    pub action: String,
    /// The day shown, as the page's `day` parameter says it.
    pub day: String,
    /// What the organization calls one of them: `Teacher`.
    pub word: String,
    /// All of them: `All teachers`.
    pub all: String,
    /// This day's page with all of them.
    pub all_path: String,
    /// Each one.
    pub choices: Vec<FilterChoice>,
}

/// One teacher in the choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterChoice {
    /// What the page's `resource` parameter says.
    pub value: String,
    /// The name.
    pub label: String,
    /// Whether this one was asked for.
    pub selected: bool,
}

/// One teacher's times on the day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceTimes {
    /// The name: `Ms Okafor`.
    pub name: String,
    /// Where, if that was said: `Room 12`.
    pub place: Option<String>,
    /// The page with only this teacher; none where it is that page already.
    pub path: Option<String>,
    /// Free times to show; may be fewer than are free, then the rest is a link to `path`.
    pub open: Vec<OpenTime>,
    /// How many times are free.
    pub free: usize,
    /// How many are taken.
    pub taken: usize,
}

impl ResourceTimes {
    /// How many free times are not shown.
    #[must_use]
    pub fn more(&self) -> usize {
        self.free.saturating_sub(self.open.len())
    }
}

/// A time that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenTime {
    /// The slot's id, safe to stand in a path.
    pub slot: String,
    /// When it begins: `18:40`.
    pub time: String,
    /// How many places are left, where that is worth saying.
    pub left: Option<u32>,
}

/// A free time near one that was wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearTime {
    /// The slot's id.
    pub slot: String,
    /// When it begins: `18:50`.
    pub time: String,
    /// With whom and on which day, as far as that is not what was wanted:
    /// `Ms Okafor, Thursday 3 December`.
    pub difference: Option<String>,
}
