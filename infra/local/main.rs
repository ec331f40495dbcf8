//! `cargo run`: Kept on this machine.

use clap::{Parser, Subcommand};
use kept::stack::Stack;
use kept::{LocalCloud, Options, StartError, Storage, Wakes};
use shared::audit::checkpoint::AuditKey;
use shared::audit::{self, verify::Report};
use shared::identity::door::Wanted;
use shared::identity::operator::Begun;
use shared::identity::password::breached;
use shared::identity::{self, Member};
use shared::ids::OrganizationId;
use shared::organization;
use shared::personal::{EmailAddress, PersonName};
use shared::restore::course::{self, Stage};
use shared::service::Service;
use shared::time::Zone;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Kept, appointments for schools, clinics and other organizations: the whole
/// service on this machine, with demonstration data.
#[derive(Debug, Parser)]
#[command(name = "kept", version)]
struct Arguments {
    /// The port on 127.0.0.1; 0 picks a free one
    #[arg(long, default_value_t = 8080)]
    port: u16,

    /// The folder that data is kept in
    #[arg(long, global = true, value_name = "DIR", default_value = ".kept")]
    data: PathBuf,

    /// Keep data in memory alone: it is gone when the program ends
    #[arg(long, conflicts_with_all = ["data", "aws"])]
    memory: bool,

    /// Another template than the one built in
    #[arg(long, global = true, value_name = "FILE")]
    template: Option<PathBuf>,

    /// Work on a stack on AWS instead of a data folder: FILE holds the environment
    /// variables of its SealerFunction, as JSON
    #[arg(long, global = true, value_name = "FILE", conflicts_with_all = ["data", "template"])]
    aws: Option<PathBuf>,

    /// What to log to stderr, such as info or kept=debug
    #[arg(long, global = true, value_name = "FILTER", default_value = "warn,dynoxide=error")]
    log: String,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// Check that all data fits together; change nothing
    Fsck {
        /// Mend what a rule can mend, and say what was done and what is left
        #[arg(long)]
        repair: bool,
    },
    /// Bring a night's backups back, in a new folder or, on AWS, in new tables
    Restore {
        /// Which night: the day in UTC on which the backups were taken
        #[arg(long, value_name = "NIGHT")]
        from: jiff::civil::Date,
        /// The new folder; on AWS, how the new tables' names end, such as -restored
        #[arg(long, value_name = "FOLDER", allow_hyphen_values = true)]
        to: PathBuf,
    },
    /// Make a list of breached passwords out of a public one, for BREACHED_LIST
    BreachedList {
        /// The public list: a SHA-1 on each line, with or without :COUNT after it
        file: PathBuf,
        /// Where to put the list that is made
        #[arg(long, value_name = "OUT")]
        to: PathBuf,
        /// Leave out what was seen fewer times
        #[arg(long, value_name = "COUNT", default_value_t = 1)]
        seen_at_least: u64,
    },
    /// Begin an installation: make the operator's organization, and mail its first
    /// administrator a link to choose a password
    Operator {
        /// What the operator is called
        #[arg(long, value_name = "NAME", value_parser = PersonName::parse)]
        name: PersonName,
        /// The zone it lives in, such as Europe/Dublin
        #[arg(long, value_name = "ZONE", value_parser = Zone::parse)]
        zone: Zone,
        /// What its first administrator is called
        #[arg(long, value_name = "NAME", value_parser = PersonName::parse)]
        administrator: PersonName,
        /// Where mail reaches them, and their username
        #[arg(long, value_name = "ADDRESS", value_parser = EmailAddress::parse)]
        email: EmailAddress,
    },
    /// The audit trail
    #[command(subcommand)]
    Audit(Audit),
    /// Print the description of all routes, for shared/assets/openapi.json
    Openapi,
}

#[derive(Debug, Clone, Subcommand)]
enum Audit {
    /// Prove that no audit record was changed, removed or added
    Verify {
        /// Only this organization, by its name in addresses, or by its id once it
        /// is erased
        #[arg(long, value_name = "WEBNAME")]
        organization: Option<String>,
    },
}

/// How long lies between two looks at restores under way on AWS.
const BETWEEN: Duration = Duration::from_secs(10);
/// So many entries of a list in no order are sorted at once: 128 MiB of them.
const SORTED_AT_ONCE: usize = 1 << 24;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = log(&arguments.log).and_then(|()| run(arguments));
    match outcome {
        Ok(code) => code,
        Err(problem) => {
            // When even stderr is closed there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "kept: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn log(filter: &str) -> Result<(), String> {
    let filter = tracing_subscriber::EnvFilter::try_new(filter)
        .map_err(|error| format!("--log {filter}: {error}"))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    Ok(())
}

fn run(arguments: Arguments) -> Result<ExitCode, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("the runtime did not start: {error}"))?;
    match arguments.command.clone() {
        None if arguments.aws.is_some() => {
            Err("--aws goes with fsck, restore, operator or audit verify".to_owned())
        }
        None => runtime
            .block_on(serve(arguments))
            .map(|()| ExitCode::SUCCESS)
            .map_err(|problem| problem.to_string()),
        Some(Command::Fsck { repair: false }) => runtime.block_on(fsck(arguments)),
        Some(Command::Fsck { repair: true }) => runtime.block_on(mend(arguments)),
        Some(Command::Restore { from, to }) => runtime.block_on(restore(arguments, from, &to)),
        Some(Command::BreachedList { file, to, seen_at_least }) => {
            breached_list(&file, &to, seen_at_least)
        }
        Some(Command::Operator { name, zone, administrator, email }) => {
            let wanted = Wanted { organization: name, zone, name: administrator, email };
            runtime.block_on(operator(arguments, &wanted))
        }
        Some(Command::Openapi) => {
            let text = kept::description::whole().map_err(|problem| problem.to_string())?;
            std::io::stdout().write_all(text.as_bytes()).map_err(|problem| problem.to_string())?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Audit(Audit::Verify { organization })) => {
            runtime.block_on(verify(arguments, organization))
        }
    }
}

/// Makes a list of breached passwords and says how large it became.
fn breached_list(file: &Path, to: &Path, seen_at_least: u64) -> Result<ExitCode, String> {
    let built = breached::build(file, to, seen_at_least, SORTED_AT_ONCE)
        .map_err(|problem| problem.to_string())?;
    // Whoever closed stdout still gets the list.
    let _ = writeln!(
        std::io::stdout(),
        "{}: {} passwords in {} bytes; of other passwords, one in {} is taken for one of them.",
        to.display(),
        built.entries,
        built.bytes,
        breached::ONE_IN
    );
    Ok(ExitCode::SUCCESS)
}

/// Checks data. Exit code 0: all fits; 1: something does not.
async fn fsck(arguments: Arguments) -> Result<ExitCode, String> {
    let looked_at = look_at(arguments, Wakes::Nobody).await?;
    let report = shared::fsck::run_to_end(looked_at.service()).await;
    looked_at.close().await;
    let report = report.map_err(|trouble| trouble.chain())?;
    // Whoever closed stdout still gets the exit code.
    let _ = writeln!(std::io::stdout(), "{report}");
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Checks and mends data. Exit code 0: all fits now; 1: a person must see to
/// something. The mails that are owed by it go out at the next start.
async fn mend(arguments: Arguments) -> Result<ExitCode, String> {
    let looked_at = look_at(arguments, Wakes::Nobody).await?;
    let repaired = shared::fsck::repair::run(looked_at.service()).await;
    looked_at.close().await;
    let repaired = repaired.map_err(|trouble| trouble.chain())?;
    let _ = writeln!(std::io::stdout(), "{repaired}");
    Ok(if repaired.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Restores a night's backups into a new folder, or into new tables of a stack.
/// Exit code 0: what came back is what was backed up, and all fits; 1: a person
/// must see to something.
async fn restore(
    arguments: Arguments,
    night: jiff::civil::Date,
    to: &Path,
) -> Result<ExitCode, String> {
    let mut tell = |stage: Stage| {
        let _ = writeln!(std::io::stderr(), "{stage}");
    };
    let Arguments { memory, data, template, aws, .. } = arguments;
    let (restored, there) = if let Some(variables) = aws {
        let stack = Stack::open(&variables).await.map_err(|problem| problem.to_string())?;
        let ending = to.to_string_lossy();
        let key = stack.audit_key().map_err(|problem| problem.to_string())?;
        let beside = course::beside(stack.service(), key, night, &ending, BETWEEN, &mut tell).await;
        let (restored, names) = beside.map_err(|problem| problem.to_string())?;
        let names: Vec<String> = names.into_values().collect();
        (restored, format!("Restored into the tables {}.", names.join(", ")))
    } else {
        if memory || !data.is_dir() {
            return Err(format!("there is no data folder {} to restore from", data.display()));
        }
        let template = template.as_deref();
        let restored = kept::restore::restore(&data, night, to, template, &mut tell).await;
        let to = to.display();
        let there = format!("Restored into {to}. Start it with: cargo run -- --data {to}");
        (restored.map_err(|problem| problem.to_string())?, there)
    };
    let _ = writeln!(
        std::io::stdout(),
        "The backups of {}, taken from {} on.\n\n{restored}\n\n{there}",
        restored.set.day,
        restored.set.taken
    );
    Ok(if restored.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Begins an installation, and says what came of it. Exit code 0: somebody is
/// invited; 1: nobody is, since an administrator can sign in or something failed.
async fn operator(arguments: Arguments, wanted: &Wanted) -> Result<ExitCode, String> {
    let on_aws = arguments.aws.is_some();
    let looked_at = look_at(arguments, Wakes::Nobody).await?;
    let begun = identity::operator::begin(looked_at.service(), wanted).await;
    let page = looked_at.service().settings.address_of("/operator/manage");
    looked_at.close().await;
    let Begun { administrator, again, withdrawn, organization } =
        begun.map_err(|why| why.to_string())?;
    let called = |member: &Member| format!("{} <{}>", member.name.expose(), member.email.expose());
    let mut said =
        format!("The operator is {}, {}.\n", organization.name, organization.zone.name());
    said += &called(&administrator);
    said += match (administrator.administers(), again) {
        (true, _) => " can sign in again.",
        (false, true) => " is invited once more; links from before are void.",
        (false, false) => " is invited.",
    };
    for other in &withdrawn {
        said += &format!("\n{} was invited before and can accept no more.", called(other));
    }
    // A folder's address is another at each start.
    said += &match on_aws {
        true => format!("\nThe operator's page: {page}"),
        false => "\nMail goes out once the service runs.".to_owned(),
    };
    let _ = writeln!(std::io::stdout(), "{said}");
    Ok(ExitCode::SUCCESS)
}

/// Verifies the audit trail. Exit code 0: it is as it was sealed; 1: it is not.
async fn verify(arguments: Arguments, organization: Option<String>) -> Result<ExitCode, String> {
    // What was written just before the end of a run may wait to be sealed.
    let looked_at = look_at(arguments, Wakes::Sealer).await?;
    let sealed = match &looked_at {
        LookedAt::Folder(cloud) => cloud.settle().await,
        LookedAt::Stack(_) => true,
    };
    let outcome = verified(&looked_at, organization.as_deref()).await;
    looked_at.close().await;
    let report = outcome?;
    let _ = writeln!(std::io::stdout(), "{report}");
    if !sealed {
        return Err("the sealer could not seal everything; see the log".to_owned());
    }
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn verified(looked_at: &LookedAt, organization: Option<&str>) -> Result<Report, String> {
    let key = looked_at.audit_key()?;
    let service = looked_at.service();
    let only = match organization {
        None => None,
        Some(name) => {
            let unknown = || format!("there is no organization {name}");
            let found = organization::store::find(service, name).await;
            let found = found.map_err(|trouble| trouble.chain())?;
            Some(found.or_else(|| OrganizationId::parse(name)).ok_or_else(unknown)?)
        }
    };
    audit::verify::verify(service, &key, only).await.map_err(|trouble| trouble.chain())
}

/// Data that is looked at.
enum LookedAt {
    /// A data folder, with a local cloud over it.
    Folder(Box<LocalCloud>),
    /// A stack on AWS.
    Stack(Box<Stack>),
}

impl LookedAt {
    fn service(&self) -> &Service {
        match self {
            Self::Folder(cloud) => cloud.service(),
            Self::Stack(stack) => stack.service(),
        }
    }

    fn audit_key(&self) -> Result<AuditKey, String> {
        match self {
            Self::Folder(cloud) => cloud.audit_key().map_err(|problem| problem.to_string()),
            Self::Stack(stack) => stack.audit_key().cloned().map_err(|problem| problem.to_string()),
        }
    }

    async fn close(self) {
        if let Self::Folder(cloud) = self {
            cloud.stop().await;
        }
    }
}

/// Opens a data folder, or a stack, to look at it.
async fn look_at(arguments: Arguments, wakes: Wakes) -> Result<LookedAt, String> {
    if let Some(variables) = &arguments.aws {
        let stack = Stack::open(variables).await.map_err(|problem| problem.to_string())?;
        return Ok(LookedAt::Stack(Box::new(stack)));
    }
    if arguments.memory {
        return Err("--memory keeps nothing: this needs a data folder, or --aws".to_owned());
    }
    if !arguments.data.is_dir() {
        let folder = arguments.data.display();
        return Err(format!("there is no data folder {folder}: start Kept once, and it makes one"));
    }
    let options = Options {
        port: 0,
        data: Storage::Folder(arguments.data),
        template: arguments.template,
        demonstration: false,
        wakes,
        ..Options::default()
    };
    let cloud = LocalCloud::start(options).await.map_err(|problem| problem.to_string())?;
    Ok(LookedAt::Folder(Box::new(cloud)))
}

async fn serve(arguments: Arguments) -> Result<(), StartError> {
    let data = if arguments.memory { Storage::Memory } else { Storage::Folder(arguments.data) };
    let options =
        Options { port: arguments.port, data, template: arguments.template, ..Options::default() };
    // Asked for before the start, so that an early Ctrl-C is not lost.
    let asked = asked_to_stop()?;
    let cloud = LocalCloud::start(options).await?;
    let mut output = std::io::stdout();
    let ready = format!("Kept is ready: {}\n", cloud.address());
    // Whoever closed stdout does not wait for this line.
    let _ = output.write_all(ready.as_bytes()).and_then(|()| output.flush());
    asked.await;
    cloud.stop().await;
    Ok(())
}

#[cfg(unix)]
fn asked_to_stop() -> Result<impl Future<Output = ()>, StartError> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| {
        signal(kind).map_err(|error| StartError::Part {
            part: "the signal handler",
            problem: error.to_string(),
        })
    };
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn asked_to_stop() -> Result<impl Future<Output = ()>, StartError> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
