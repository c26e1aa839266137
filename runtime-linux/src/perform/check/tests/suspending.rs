//! `ha_suspend`.

use super::*;

#[tokio::test]
async fn without_its_address_a_service_is_not_checked_and_with_it_it_is() {
    let a = TcpListener::bind("127.0.0.1:0").unwrap();
    let b = TcpListener::bind("127.0.0.1:0").unwrap();
    let at_b = address(&b);
    drop(b);
    let vip = "203.0.113.1".parse().unwrap();
    let elsewhere = VirtualServer { suspended_without: vec![vip], ..numbered(1, vec![real_at(at_b, 1)]) };
    // 127.0.0.1 is on every host.
    let key =
        ServiceKey::Address { protocol: Protocol::Tcp, address: "127.0.0.1".parse().unwrap(), port: 80 };
    let here = VirtualServer {
        service: Service { key, ..service().service },
        suspended_without: vec![vip, "127.0.0.1".parse().unwrap()],
        real_servers: vec![real(&a, 1)],
        ..service()
    };
    let (checker, mut events) = start(vec![elsewhere.clone(), here.clone()]);
    take(&mut events, 3).await;
    while !status(&checker).await[1].proven {
        tokio::task::yield_now().await;
    }
    sleep(Duration::from_millis(300)).await;
    let checks = status(&checker).await;
    assert_eq!((checks[0].suspended, checks[0].proven, checks[0].up), (true, false, true));
    assert_eq!((checks[1].suspended, checks[1].up), (false, true));
    // A service here has the same server: the probes are made, and the other one is told nothing.
    let beside = VirtualServer { real_servers: vec![real_at(at_b, 1)], ..here.clone() };
    apply_to(&checker, vec![elsewhere.clone(), beside.clone()]);
    while !status(&checker).await[1].proven {
        tokio::task::yield_now().await;
    }
    let checks = status(&checker).await;
    assert_eq!((checks[0].up, checks[1].up, checks[0].suspended), (true, false, false));
    // And told when it is not suspended any more.
    apply_to(&checker, vec![VirtualServer { suspended_without: Vec::new(), ..elsewhere }, beside]);
    assert!(!status(&checker).await[0].up);
}

/// The check of the first server of each service.
async fn status(checker: &Checker) -> Vec<CheckStatus> {
    let services = checker.status().await.into_iter();
    services.map(|mut service| service.real_servers.remove(0).checks.remove(0)).collect()
}
