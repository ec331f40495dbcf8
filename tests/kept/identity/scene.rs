//! An organization and the people who sign in there.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use shared::dynamo::Write;
use shared::identity::access::{Coverage, Level};
use shared::identity::member::rules::new;
use shared::identity::member::{self, Failure, Newcomer, State};
use shared::identity::session::{self, How, Limits, Opening, Token, Waiting};
use shared::identity::{Member, Security, Session, Subject, Username};
use shared::ids::{MemberId, OrganizationId};
use shared::organization::{Organization, Snapshot, WebName, store};
use shared::personal::{EmailAddress, PersonName};
use shared::service::Service;

use crate::world::{Plan, World};

/// An organization in a world of its own or beside others.
pub struct House {
    pub service: Arc<Service>,
    pub snapshot: Arc<Snapshot>,
}

/// A world with one school.
pub async fn school() -> (World, House) {
    let world = World::start().await;
    let house = House::found(&world, Plan::school()).await;
    (world, house)
}

impl House {
    pub async fn found(world: &World, plan: Plan) -> Self {
        let id = world.found(plan).await.organization.id;
        Self::of(world, id).await
    }

    /// The operator's own organization.
    pub async fn operator(world: &World) -> Self {
        let service = world.service();
        let now = service.clock.now();
        let organization = Organization {
            id: OrganizationId::fresh(now, &*service.chance).unwrap(),
            web_name: WebName::operator(),
            ..world.school().await.organization
        };
        assert!(store::found(service, &organization).await.unwrap());
        Self::of(world, organization.id).await
    }

    pub async fn of(world: &World, id: OrganizationId) -> Self {
        let service = Arc::clone(world.service());
        let now = service.clock.now();
        let snapshot = service.organization_of(id, now).await.unwrap().expect("an organization");
        Self { service, snapshot }
    }

    pub fn id(&self) -> OrganizationId {
        self.snapshot.organization.id
    }

    pub fn now(&self) -> Timestamp {
        self.service.clock.now()
    }

    /// The present second: items hold no less.
    pub fn second(&self) -> Timestamp {
        Timestamp::from_second(self.now().as_second()).unwrap()
    }

    pub fn limits(&self, subject: Subject) -> Limits {
        Limits::of(&Security::default(), subject)
    }

    /// Somebody who can sign in; not stored yet.
    pub fn somebody(&self, username: &str, level: Level) -> Member {
        let newcomer = Newcomer {
            id: MemberId::fresh(self.now(), &*self.service.chance).unwrap(),
            username: Username::parse(username).unwrap(),
            name: PersonName::parse(username).unwrap(),
            email: EmailAddress::parse("somebody@example.org").unwrap(),
            level,
            coverage: Coverage::Everything,
        };
        new(newcomer, State::Active, self.second())
    }

    pub async fn create(&self, member: &Member, more: Vec<Write>) -> Result<(), Failure> {
        let keys = &self.snapshot.keys;
        member::store::create(&self.service, self.id(), keys, member, more).await
    }

    /// Somebody who can sign in.
    pub async fn member(&self, username: &str, level: Level) -> Member {
        let member = self.somebody(username, level);
        self.create(&member, Vec::new()).await.unwrap();
        member
    }

    pub async fn change(&self, before: &Member, after: &Member) -> Result<Member, Failure> {
        let keys = &self.snapshot.keys;
        member::store::change(&self.service, self.id(), keys, before, after, Vec::new()).await
    }

    pub async fn find(&self, member: MemberId) -> Option<Member> {
        let keys = &self.snapshot.keys;
        member::store::find(&self.service, self.id(), keys, member).await.unwrap()
    }

    pub async fn commit(&self, writes: &[Write]) -> bool {
        Write::commit_all(writes, &self.service.dynamo, &*self.service.chance).await.unwrap()
    }

    /// Opens a session, whole or half.
    pub async fn open(
        &self,
        subject: Subject,
        epoch: u32,
        waiting: Option<Waiting>,
        now: Timestamp,
    ) -> (Token, Session) {
        let opening = Opening {
            subject,
            epoch,
            network: [7; 16],
            browser: "Firefox on Windows".to_owned(),
            how: vec![How::Password],
            waiting,
        };
        let limits = self.limits(subject);
        let (write, token, session) =
            session::store::open(&self.service, self.id(), opening, limits, now).unwrap();
        assert!(self.commit(&[write]).await);
        (token, session)
    }

    pub async fn check(&self, token: &Token, now: Timestamp) -> Option<Session> {
        let limits = self.limits(token.subject());
        session::store::check_and_extend(&self.service, self.id(), token, limits, now)
            .await
            .unwrap()
    }
}

pub fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}
