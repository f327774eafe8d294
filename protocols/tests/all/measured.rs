//! What statistical tests share: samples, and how close to theory is close enough.

/// What is measured.
pub(crate) struct Sample(pub(crate) Vec<f64>);

impl Sample {
    pub(crate) fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.0.len() as f64
    }
    pub(crate) fn variance(&self) -> f64 {
        let mean = self.mean();
        let square = self.0.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
        square / (self.0.len() - 1) as f64
    }
    /// The standard error of the mean.
    pub(crate) fn error(&self) -> f64 {
        (self.variance() / self.0.len() as f64).sqrt()
    }
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[((sorted.len() - 1) as f64 * share).round() as usize]
    }
}

pub(crate) fn close(what: &str, found: f64, wanted: f64, tolerance: f64) {
    println!("{what}: {found:.5}, expected {wanted:.5} ± {tolerance:.5}");
    assert!((found - wanted).abs() <= tolerance, "{what}: found {found}, expected {wanted} ± {tolerance}");
}
