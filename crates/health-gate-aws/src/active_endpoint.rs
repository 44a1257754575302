//! Which of AWS Health's endpoints is the active one (user guide, "Accessing the AWS Health API"): the service runs in
//! two regions, one of them has the latest data, and the CNAME record of a global name says which.

use std::fmt;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::select_ok;
use health_gate::Region;
use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, Question, RCODE, ResourceRecord, TYPE};
use tokio::net::UdpSocket;

/// A look-up that takes longer is given up: the reading goes on with the endpoint that is active most of the time.
pub(crate) const LOOK_UP_WITHIN: Duration = Duration::from_millis(300);

/// A name server that has not answered by then is asked again.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// AWS Health in one partition of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Endpoints {
    /// The region that is active unless the name below says otherwise.
    pub(crate) usual: &'static str,
    /// The other region in which the service runs.
    pub(crate) other: Option<&'static str>,
    /// The name whose CNAME record names the active region's endpoint.
    pub(crate) global_name: Option<&'static str>,
}

impl Endpoints {
    /// AWS Health in the partition of `region` (user guide; the isolated partitions and the European one from botocore's
    /// endpoints). The SDK would make up an endpoint for any region, but the service runs only here.
    pub(crate) fn of_partition(region: &Region) -> Self {
        const PARTITIONS: [(&str, &str, Option<&str>); 7] = [
            (
                "cn-",
                "cn-northwest-1",
                Some("global.health.amazonaws.com.cn."),
            ),
            ("eu-isoe-", "eu-isoe-west-1", None),
            ("eusc-", "eusc-de-east-1", None),
            (
                "us-gov-",
                "us-gov-west-1",
                Some("global.health.us-gov.amazonaws.com."),
            ),
            ("us-iso-", "us-iso-east-1", None),
            ("us-isob-", "us-isob-east-1", None),
            ("us-isof-", "us-isof-south-1", None),
        ];
        let of = PARTITIONS
            .iter()
            .find(|(prefix, ..)| region.as_str().starts_with(prefix));
        match of {
            Some((_, usual, global_name)) => Self {
                usual,
                other: None,
                global_name: *global_name,
            },
            None => Self {
                usual: "us-east-1",
                other: Some("us-east-2"),
                global_name: Some("global.health.amazonaws.com."),
            },
        }
    }
}

/// Looks up the CNAME record of a name, and returns the name that it points to.
#[derive(Clone)]
pub struct CnameLookUp(Arc<LookUp>);

type LookUp = dyn Fn(&'static str) -> Answer + Send + Sync;
type Answer = Pin<Box<dyn Future<Output = Result<String, String>> + Send>>;

impl CnameLookUp {
    /// A look-up by other means.
    pub fn with<F>(look_up: impl Fn(&'static str) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<String, String>> + Send + 'static,
    {
        Self(Arc::new(move |name| Box::pin(look_up(name))))
    }

    /// By the system's name servers (`resolv.conf(5)`). What cannot be read there is passed over; with no name server, nothing is ever found.
    pub fn system() -> Self {
        const FILE: &str = "/etc/resolv.conf";
        let text = fs::read(FILE).unwrap_or_else(|error| {
            tracing::warn!(
                "{FILE} cannot be read, so AWS Health is asked where it usually is, whether that is its active endpoint or not: {error}"
            );
            Vec::new()
        });
        let (config, errors) = resolv_conf::Config::parse_with_errors(&text);
        for error in errors {
            tracing::debug!("{FILE}: {error}");
        }
        let servers = config.nameservers.iter();
        Self::by_servers(
            servers
                .map(|server| SocketAddr::new(server.into(), 53))
                .collect(),
        )
    }

    /// By name servers, over UDP. All are asked, and the first to answer counts.
    pub fn by_servers(servers: Vec<SocketAddr>) -> Self {
        Self::with(move |name| {
            let asked: Vec<_> = servers
                .iter()
                .map(|server| ask(*server, name).boxed())
                .collect();
            async move {
                if asked.is_empty() {
                    return Err("there is no name server".to_owned());
                }
                select_ok(asked).await.map(|(target, _)| target)
            }
        })
    }

    /// Looks a name up.
    ///
    /// # Errors
    /// Why it was not found, for people.
    pub async fn target(&self, name: &'static str) -> Result<String, String> {
        (self.0)(name).await
    }

    /// The active region, if it is another one than usual. What cannot be found out is as usual.
    pub(crate) async fn unusual_region(&self, endpoints: Endpoints) -> Option<Region> {
        let name = endpoints.global_name?;
        let target = match tokio::time::timeout(LOOK_UP_WITHIN, self.target(name)).await {
            Ok(Ok(target)) => target,
            Ok(Err(why)) => {
                tracing::debug!(
                    name,
                    why,
                    "the active endpoint of AWS Health could not be looked up"
                );
                return None;
            }
            Err(_) => {
                tracing::debug!(
                    name,
                    "the look-up of the active endpoint of AWS Health took too long"
                );
                return None;
            }
        };
        region_of(&target).filter(|region| region.as_str() != endpoints.usual)
    }
}

impl fmt::Debug for CnameLookUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CnameLookUp")
    }
}

/// Asks a name server for the CNAME record of a name.
async fn ask(server: SocketAddr, name: &'static str) -> Result<String, String> {
    let of = |why: &dyn fmt::Display| format!("name server {server}: {why}");
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let mut query = Packet::new_query(fastrand::u16(..));
    query.set_flags(PacketFlag::RECURSION_DESIRED);
    let question = Name::new(name).map_err(|error| of(&error))?;
    query.questions.push(Question::new(
        question,
        TYPE::CNAME.into(),
        CLASS::IN.into(),
        false,
    ));
    let bytes = query.build_bytes_vec().map_err(|error| of(&error))?;
    let socket = UdpSocket::bind((any, 0))
        .await
        .map_err(|error| of(&error))?;
    socket.connect(server).await.map_err(|error| of(&error))?;
    loop {
        socket.send(&bytes).await.map_err(|error| of(&error))?;
        // A packet may get lost on either way.
        let answered = answer_to(&query, &socket);
        if let Ok(answer) = tokio::time::timeout(ASK_AGAIN_AFTER, answered).await {
            return answer.map_err(|why| of(&why));
        }
    }
}

/// What the CNAME record in the answer to a query names.
async fn answer_to(query: &Packet<'_>, socket: &UdpSocket) -> Result<String, String> {
    // What a name server may send over UDP.
    let mut bytes = [0; 512];
    loop {
        let length = socket.recv(&mut bytes).await;
        let length = length.map_err(|error| error.to_string())?;
        let Ok(answer) = Packet::parse(bytes.get(..length).unwrap_or_default()) else {
            continue;
        };
        let Some(asked) = query.questions.first() else {
            return Err("nothing was asked".to_owned());
        };
        let names_it = |question: &Question<'_>| question.qname == asked.qname;
        // Anything else is the answer to somebody else's question.
        if answer.id() != query.id()
            || !answer.has_flags(PacketFlag::RESPONSE)
            || !answer.questions.iter().any(names_it)
        {
            continue;
        }
        if answer.rcode() != RCODE::NoError {
            return Err(format!("it answers {:?}", answer.rcode()));
        }
        let its = |record: &&ResourceRecord<'_>| record.name == asked.qname;
        let target = answer.answers.iter().filter(its).find_map(|record| {
            if let RData::CNAME(target) = &record.rdata {
                Some(target.0.to_string())
            } else {
                None
            }
        });
        return target.ok_or_else(|| format!("{} has no CNAME record", asked.qname));
    }
}

/// The region of `health.us-east-2.amazonaws.com.`: its second label.
pub(crate) fn region_of(host: &str) -> Option<Region> {
    let region: Region = host
        .strip_prefix("health.")?
        .split('.')
        .next()?
        .parse()
        .ok()?;
    (region != Region::global()).then_some(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_health_is_asked_where_it_runs_in_each_partition() {
        for (own, health) in [
            ("us-east-1", "us-east-1"),
            ("ap-southeast-2", "us-east-1"),
            ("us-west-2", "us-east-1"),
            ("cn-north-1", "cn-northwest-1"),
            ("us-gov-east-1", "us-gov-west-1"),
            ("us-iso-west-1", "us-iso-east-1"),
            ("us-isob-east-1", "us-isob-east-1"),
            ("us-isof-east-1", "us-isof-south-1"),
            ("eu-isoe-west-1", "eu-isoe-west-1"),
            ("eusc-de-east-1", "eusc-de-east-1"),
        ] {
            let endpoints = Endpoints::of_partition(&own.parse().expect("a region"));
            assert_eq!(endpoints.usual, health, "{own}");
        }
    }

    #[test]
    fn the_active_region_is_the_second_label() {
        for (host, region) in [
            ("health.us-east-2.amazonaws.com.", Some("us-east-2")),
            ("health.us-east-1.amazonaws.com", Some("us-east-1")),
            ("health.cn-north-1.amazonaws.com.cn.", Some("cn-north-1")),
            ("health.global.amazonaws.com.", None),
            ("evil.us-east-2.example.com.", None),
            ("health.", None),
            ("", None),
        ] {
            assert_eq!(
                region_of(host).map(|region| region.to_string()).as_deref(),
                region,
                "{host}"
            );
        }
    }
}
