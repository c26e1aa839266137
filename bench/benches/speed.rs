//! Wall time of the cores by criterion. Times are this machine's: what is to hold anywhere is in `instructions`.

use core::time::Duration;

use criterion::Criterion;

mod allocation;
#[expect(dead_code, unused_imports, reason = "counting instructions takes more of it")]
mod cases;
mod stopwatch;

fn main() {
    let mut criterion = Criterion::default()
        .configure_from_args()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20);
    for case in cases::all() {
        let mut run = None;
        criterion.bench_function(&case.name, |bencher| {
            let run = run.get_or_insert_with(|| case.run());
            bencher.iter_custom(|turns| {
                let operations = u32::try_from(case.operations).expect("it is some thousands");
                stopwatch::time(|| allocation::none_during(&case.name, || run(turns))) / operations
            });
        });
    }
    criterion.final_summary();
}
