//! How far the regions of a public cloud are from one another: round-trip times as they were measured, by name.
//!
//! **Source.** Amazon Web Services, 21 regions, every pair of them in both directions. Published by cloudping.co as the
//! median (p50) over one year, at `https://www.cloudping.co/grid/p_50/timeframe/1Y`. The page is live; this is the copy
//! that is kept as `generate_server_ping_latencies/all_latencies.json` in
//! `https://github.com/bc-computing/gus-automation` (commit `c770d29`). The instructions beside it name the page and
//! the date, "4/8/2022", read here as 8 April 2022; the year measured is the one before that.
//!
//! **What was measured**, according to `ping_from_region/app.py` in `https://github.com/mda590/cloudping.co` (commit
//! `8918ee8`): a function in the one region opens a TCP connection to port 443 of the database service in the other,
//! five times every six hours, and takes the time. That is one round trip, and with it a name look-up and what both
//! ends need, which make 2 to 8 ms even within a region. Plain pings from Ireland of 13 February 2021
//! (`latency_aws/2021_02_13/eu-west-1.dat` in `https://github.com/vitorenesduarte/fantoch`) took 72.2 ms to Montreal,
//! 135.9 ms to California, 175.7 ms to Singapore and 180.6 ms to São Paulo: within 3 % of what stands here.
//!
//! **What was done to it.** Each entry is the mean of the two directions, rounded to 0.1 ms. They differ by at most
//! 19 ms (Virginia and Bahrain), and by at most 14 % (Virginia and Ohio). What the source says about a region and
//! itself is left out: that is for the zones of a topology to say.
//!
//! **What to know before using it.** Routes are not the shortest there could be: for 37 of the 210 pairs a detour by
//! way of a third region would be faster, by 20 to 26 % from Cape Town to Tokyo, Osaka, Seoul and Sydney. And networks
//! get better: a later, undated copy of the front page of cloudping.co has 280 ms from Cape Town to Tokyo, where the
//! copy used here has 360 ms.

use sim_core::time::Span;

/// The names of all regions, in order of the alphabet.
pub fn names() -> &'static [&'static str] {
    &NAMES
}

/// The typical round trip between two regions; `None` when one of them is not known, or both are the same.
///
/// ```
/// use scenarios::regions::round_trip;
/// use sim_core::time::Units;
/// assert_eq!(round_trip("us-east-1", "eu-west-1"), Some(68_100.us()));
/// assert_eq!(round_trip("us-east-1", "moon"), None);
/// ```
pub fn round_trip(a: &str, b: &str) -> Option<Span> {
    let index = |name: &str| NAMES.binary_search(&name).ok();
    let (a, b) = (index(a)?, index(b)?);
    let millis = ROUND_TRIPS[a.max(b)].get(a.min(b))?;
    Some(Span((millis * 10.0).round() as u64 * 100_000))
}

const NAMES: [&str; 21] = [
    "af-south-1",     // Cape Town
    "ap-east-1",      // Hong Kong
    "ap-northeast-1", // Tokyo
    "ap-northeast-2", // Seoul
    "ap-northeast-3", // Osaka
    "ap-south-1",     // Mumbai
    "ap-southeast-1", // Singapore
    "ap-southeast-2", // Sydney
    "ca-central-1",   // Montreal
    "eu-central-1",   // Frankfurt
    "eu-north-1",     // Stockholm
    "eu-south-1",     // Milan
    "eu-west-1",      // Ireland
    "eu-west-2",      // London
    "eu-west-3",      // Paris
    "me-south-1",     // Bahrain
    "sa-east-1",      // São Paulo
    "us-east-1",      // Virginia
    "us-east-2",      // Ohio
    "us-west-1",      // California
    "us-west-2",      // Oregon
];

/// In milliseconds. The row of a region has its distances to the regions before it.
#[rustfmt::skip] // one region, one row
const ROUND_TRIPS: [&[f64]; NAMES.len()] = [
    &[],
    &[259.2],
    &[359.9, 53.4],
    &[388.3, 38.4, 34.6],
    &[366.1, 47.4, 10.5, 30.4],
    &[165.1, 98.5, 131.8, 131.2, 126.4],
    &[214.3, 40.6, 74.3, 75.1, 72.2, 59.9],
    &[413.9, 134.4, 110.8, 146.5, 120.0, 149.1, 93.6],
    &[229.5, 194.6, 144.3, 172.8, 150.2, 190.2, 210.7, 198.3],
    &[164.2, 197.6, 225.1, 231.3, 226.4, 121.6, 157.1, 268.1, 92.4],
    &[180.6, 217.9, 244.5, 253.8, 246.5, 142.0, 177.2, 295.9, 109.4, 22.6],
    &[189.8, 189.3, 217.6, 223.3, 218.9, 114.1, 148.6, 240.1, 102.4, 11.8, 31.5],
    &[159.8, 222.3, 202.0, 230.3, 208.5, 123.1, 180.6, 257.2, 70.8, 25.9, 42.7, 35.7],
    &[150.2, 211.2, 210.5, 238.8, 216.4, 113.7, 171.4, 265.6, 79.1, 16.6, 33.0, 26.3, 13.0],
    &[157.7, 204.7, 216.5, 245.2, 222.3, 106.6, 164.6, 279.6, 85.6, 10.4, 29.9, 19.3, 18.8, 10.0],
    &[160.9, 128.1, 164.6, 162.9, 158.6, 38.6, 88.5, 181.5, 201.3, 117.5, 138.0, 110.7, 135.5, 126.0, 119.6],
    &[337.4, 308.2, 257.8, 286.1, 263.9, 301.6, 324.3, 312.9, 126.9, 205.2, 218.4, 214.7, 178.8, 188.8, 198.1, 313.3],
    &[223.2, 195.7, 146.5, 174.8, 151.8, 187.6, 214.4, 199.0, 16.4, 90.6, 110.1, 99.9, 68.1, 77.0, 83.1, 190.1, 116.5],
    &[234.0, 182.5, 132.7, 161.3, 138.7, 197.9, 199.7, 188.5, 27.0, 100.7, 121.1, 110.2, 78.2, 86.8, 93.6, 205.1, 126.7, 14.7],
    &[293.4, 155.3, 108.5, 136.8, 109.8, 233.0, 177.3, 138.9, 79.8, 150.8, 173.1, 160.2, 138.8, 146.2, 143.4, 260.4, 176.8, 62.7, 52.6],
    &[279.1, 144.6, 99.2, 126.4, 99.5, 223.1, 168.4, 140.6, 65.7, 145.8, 162.6, 155.5, 124.5, 133.0, 139.0, 246.9, 180.3, 69.7, 51.9, 22.1],
];

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::time::Units;

    fn pairs() -> impl Iterator<Item = (&'static str, &'static str, Span)> {
        let all = |a: &'static str| names().iter().filter(move |b| **b != a).map(move |b| (a, *b));
        names().iter().flat_map(move |a| all(a)).map(|(a, b)| (a, b, round_trip(a, b).expect("complete")))
    }

    #[test]
    fn every_pair_has_a_distance_and_it_is_the_same_both_ways() {
        assert!(names().is_sorted());
        assert_eq!(pairs().count(), 21 * 20);
        for (row, distances) in ROUND_TRIPS.iter().enumerate() {
            assert_eq!(distances.len(), row, "{}", NAMES[row]);
        }
        for (a, b, rtt) in pairs() {
            assert_eq!(round_trip(b, a), Some(rtt), "{a} {b}");
            assert!((10.ms()..415.ms()).contains(&rtt), "{a} {b}: {rtt}");
        }
    }

    #[test]
    fn a_region_has_no_distance_to_itself_or_to_the_unknown() {
        assert_eq!(round_trip("eu-west-1", "eu-west-1"), None);
        assert_eq!(round_trip("eu-west-1", "eu-west-9"), None);
        assert_eq!(round_trip("", "eu-west-1"), None);
    }

    /// 1.344 is what the worst pair needs: Cape Town to Sydney, 413.9 ms, and 307.9 ms by way of Singapore.
    #[test]
    fn no_distance_is_more_than_1_35_times_the_best_detour() {
        let mut shorter = 0;
        for (a, b, rtt) in pairs() {
            let detours = names().iter().filter_map(|via| Some(round_trip(a, via)? + round_trip(via, b)?));
            let best = detours.min().expect("there are more than two regions");
            assert!(rtt.0 * 100 <= best.0 * 135, "{a} {b}: {rtt}, with a detour {best}");
            shorter += usize::from(a < b && best < rtt);
        }
        assert_eq!(shorter, 37);
    }

    /// Entries compared by hand with the source, first and last of the table among them.
    #[test]
    fn distances_are_the_means_of_what_was_published() {
        let published = [
            ("ap-east-1", "af-south-1", 255.62, 262.69),
            ("eu-west-3", "eu-west-2", 10.18, 9.89),
            ("us-east-1", "me-south-1", 199.52, 180.77),
            ("us-east-2", "us-east-1", 15.69, 13.76),
            ("sa-east-1", "ap-southeast-1", 324.26, 324.34),
            ("us-west-2", "us-west-1", 22.18, 22.03),
        ];
        for (a, b, there, back) in published {
            let rtt = round_trip(a, b).expect("known").as_millis();
            assert!((rtt - (there + back) / 2.0).abs() < 0.051, "{a} {b}: {rtt}");
        }
    }
}
