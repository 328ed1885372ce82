use super::*;

/// An interface whose packets are known beforehand.
struct Scripted {
    name: &'static str,
    script: Vec<Step>,
    counts: Option<Counts>,
}

#[derive(Clone, Debug)]
enum Step {
    /// A packet of this time, in milliseconds, and these bytes.
    Packet(i64, Vec<u8>),
    /// Nothing for so long.
    Pause(Duration),
    Fail(&'static str),
}

fn packets(times: &[i64]) -> Vec<Step> {
    times.iter().map(|time| Step::Packet(*time, time.to_be_bytes().to_vec())).collect()
}

const fn scripted(name: &'static str, script: Vec<Step>) -> Scripted {
    Scripted { name, script, counts: None }
}

impl Tap for Scripted {
    fn interface(&self) -> write::Interface {
        write::Interface { name: self.name.to_owned(), ..write::Interface::default() }
    }

    fn next(&mut self, take: &mut dyn FnMut(Timestamp, u32, &[u8])) -> Next {
        if self.script.is_empty() {
            thread::sleep(Duration::from_millis(5));
            return Next::Nothing;
        }
        match self.script.remove(0) {
            Step::Packet(time, bytes) => {
                take(Timestamp::from_nanos(time * 1_000_000), bytes.len() as u32, &bytes);
                Next::Packet
            }
            Step::Pause(time) => {
                thread::sleep(time);
                Next::Nothing
            }
            Step::Fail(why) => Next::Ended(why.to_owned()),
        }
    }

    fn counts(&mut self) -> Option<Counts> {
        self.counts
    }
}

fn live(options: &Options, taps: Vec<Scripted>) -> Live {
    let taps = taps.into_iter().map(|tap| Box::new(tap) as Box<dyn Tap>).collect();
    Opened::new(taps, options).start().unwrap()
}

/// All packets until the source ends, as source and time; `stop` is called where it is quiet.
fn drain(live: &mut Live, mut quiet: impl FnMut()) -> Vec<(u16, i64)> {
    let mut found = Vec::new();
    let mut block = Block::default();
    loop {
        let status = live.fill(&mut block).unwrap();
        for packet in &block.packets {
            assert_eq!(block.packet(packet).len(), packet.len as usize);
            assert_eq!(packet.link, LinkType(1));
            found.push((packet.source, packet.time.nanos() / 1_000_000));
        }
        match status {
            Status::More => assert!(!block.packets.is_empty()),
            Status::Quiet => {
                assert!(block.packets.is_empty());
                quiet();
            }
            Status::End => return found,
        }
    }
}

fn of_one(times: &[i64]) -> Vec<(u16, i64)> {
    times.iter().map(|time| (0, *time)).collect()
}

#[test]
fn packets_come_in_order_until_it_is_stopped() {
    let options = Options::default();
    let mut live = live(&options, vec![scripted("lo", packets(&[3, 1, 2]))]);
    assert_eq!(live.facts().sources, ["lo"]);
    let stop = Arc::clone(&options.stop);
    let found = drain(&mut live, || stop.store(true, Ordering::Relaxed));
    assert_eq!(found, of_one(&[3, 1, 2]));
    assert_eq!(live.monitor().heard(), [Heard { name: "lo".to_owned(), packets: 3, ..Heard::default() }]);
    assert_eq!(live.facts().bytes_read, 24);
    assert!(live.facts().damage.is_empty());
    assert_eq!(live.fill(&mut Block::default()).unwrap(), Status::End);
}

#[test]
fn what_was_captured_before_the_stop_is_not_lost() {
    let options = Options::default();
    options.stop.store(true, Ordering::Relaxed);
    let mut live = live(&options, vec![scripted("lo", packets(&[1, 2, 3]))]);
    assert_eq!(drain(&mut live, || {}), of_one(&[1, 2, 3]));
}

#[test]
fn interfaces_are_merged_by_time() {
    let end = || vec![Step::Fail("it is over")];
    let early = [packets(&[1, 4, 5]), end()].concat();
    let late = [vec![Step::Pause(Duration::from_millis(50))], packets(&[2, 3, 6]), end()].concat();
    let mut live = live(&Options::default(), vec![scripted("a", early), scripted("b", late)]);
    live.hold = Duration::from_secs(60);
    let found = drain(&mut live, || {});
    assert_eq!(found, [(0, 1), (1, 2), (1, 3), (0, 4), (0, 5), (1, 6)]);
}

#[test]
fn packets_do_not_wait_long_for_a_silent_interface() {
    let options = Options { packets: Some(1), ..Options::default() };
    let mut live = live(&options, vec![scripted("a", packets(&[1])), scripted("b", vec![])]);
    let since = Instant::now();
    assert_eq!(drain(&mut live, || {}), of_one(&[1]));
    assert!(since.elapsed() >= HOLD, "{:?}", since.elapsed());
}

#[test]
fn it_ends_after_so_many_packets_or_so_long() {
    let options = Options { packets: Some(2), ..Options::default() };
    let mut some = live(&options, vec![scripted("lo", packets(&[1, 2, 3]))]);
    assert_eq!(drain(&mut some, || {}), of_one(&[1, 2]));
    assert!(options.stop.load(Ordering::Relaxed));
    assert_eq!(some.monitor().dropped(), 0);

    // What comes behind the last that was wanted is no loss, however much it is.
    let options = Options { packets: Some(2), queue_bytes: 500, ..Options::default() };
    let steps = packets(&[1, 2]).into_iter().chain([Step::Pause(Duration::from_millis(150))]);
    let mut few = live(&options, vec![scripted("lo", steps.chain(packets(&[3; 100])).collect())]);
    assert_eq!(drain(&mut few, || {}), of_one(&[1, 2]));
    assert_eq!(few.monitor().dropped(), 0);

    let options = Options { duration: Some(Duration::from_millis(150)), ..Options::default() };
    let mut timed = live(&options, vec![scripted("lo", packets(&[1]))]);
    let since = Instant::now();
    assert_eq!(drain(&mut timed, || {}), of_one(&[1]));
    assert!(since.elapsed() >= Duration::from_millis(150));
}

#[test]
fn an_interface_that_fails_is_said_and_the_others_go_on() {
    let options = Options::default();
    let gone = [packets(&[1]), vec![Step::Fail("the interface disappeared")]].concat();
    let mut both = live(&options, vec![scripted("a", gone.clone()), scripted("b", packets(&[2]))]);
    let stop = Arc::clone(&options.stop);
    assert_eq!(drain(&mut both, || stop.store(true, Ordering::Relaxed)), [(0, 1), (1, 2)]);
    assert_eq!(both.monitor().failures(), ["a: the interface disappeared"]);
    assert_eq!(both.monitor().notices(), ["a: the interface disappeared"]);

    let mut alone = live(&Options::default(), vec![scripted("a", gone)]);
    assert_eq!(drain(&mut alone, || panic!("it ended")), of_one(&[1]));
}

#[test]
fn what_finds_no_room_is_dropped_and_counted() {
    let big = |time| Step::Packet(time, vec![0; 1_000]);
    let script = vec![big(1), big(2), big(3), Step::Pause(Duration::ZERO), Step::Fail("it is over")];
    let options = Options { queue_bytes: 2_500, ..Options::default() };
    let mut live = live(&options, vec![scripted("lo", script)]);
    thread::sleep(Duration::from_millis(100));
    assert_eq!(drain(&mut live, || {}), of_one(&[1, 2]));
    let heard = live.monitor().heard();
    assert_eq!((heard[0].packets, heard[0].ring_dropped, heard[0].dropped()), (2, 1, 1));
    assert_eq!(live.facts().dropped, 1);
}

#[test]
fn drops_of_the_kernel_are_counted_and_remarked_on_once_in_a_while() {
    let counts = Counts { received: 10, dropped: 4, interface_dropped: 2 };
    let tap = Scripted { counts: Some(counts), ..scripted("lo", packets(&[1])) };
    let options = Options::default();
    let mut live = live(&options, vec![tap]);
    let stop = Arc::clone(&options.stop);
    drain(&mut live, || stop.store(true, Ordering::Relaxed));
    assert_eq!(live.facts().dropped, 6);
    let heard = &live.monitor().heard()[0];
    assert_eq!((heard.received, heard.kernel_dropped, heard.interface_dropped), (10, 4, 2));
    let notices = live.monitor().notices();
    assert_eq!(notices.len(), 1);
    assert!(notices[0].starts_with("lo: 6 packets were dropped; "), "{notices:?}");
    live.monitor().counted(0, Counts { dropped: 5, ..counts });
    assert!(live.monitor().notices().is_empty());
    let statistics = write::Statistics { received: 10, dropped_by_interface: 2, dropped_by_system: 5 };
    assert_eq!(live.monitor().statistics(), [statistics]);
}

#[test]
fn many_packets_of_several_interfaces_all_arrive() {
    let lanes = [0, 1, 2].map(|lane| packets(&(0..5_000).map(|n| n * 3 + lane).collect::<Vec<i64>>()));
    let options = Options { packets: Some(15_000), ..Options::default() };
    let taps = lanes.into_iter().map(|script| scripted("x", script)).collect();
    let mut live = live(&options, taps);
    let mut found = drain(&mut live, || {});
    assert_eq!(found.len(), 15_000);
    for lane in 0..3 {
        let own: Vec<i64> =
            found.iter().filter(|(source, _)| *source == lane).map(|(_, time)| *time).collect();
        assert!(own.is_sorted(), "the order within an interface never changes");
    }
    found.sort_by_key(|(_, time)| *time);
    assert!(found.iter().map(|(_, time)| *time).eq(0..15_000));
}

#[test]
fn link_types_are_those_of_files() {
    assert_eq!([0, 1, 12, 113, 276, -1].map(|dlt| link_type(dlt).0), [0, 1, 101, 113, 276, u16::MAX]);
}
