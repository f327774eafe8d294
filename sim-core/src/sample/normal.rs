//! The quantile of the normal distribution.

/// The number that a standard normal variable stays below with probability `p`, for 0 < p < 1, to about 16 digits.
/// (Wichura, "Algorithm AS 241: the percentage points of the normal distribution", 1988, PPND16.)
#[inline(always)]
pub fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return q * ratio(r, &MIDDLE);
    }
    let r = libm::sqrt(-libm::log(if q < 0.0 { p } else { 1.0 - p }));
    let tail = if r <= 5.0 { ratio(r - 1.6, &NEAR) } else { ratio(r - 5.0, &FAR) };
    if q < 0.0 { -tail } else { tail }
}

/// The quotient of two polynomials in `r`, coefficients from the highest power down. Summed in pairs, and pairs of pairs,
/// which need not wait for one another (Estrin's scheme).
#[inline]
fn ratio(r: f64, [over, under]: &[[f64; 8]; 2]) -> f64 {
    let (r2, r4) = (r * r, r * r * (r * r));
    let value = |&[a, b, c, d, e, f, g, h]: &[f64; 8]| {
        ((a * r + b) * r2 + (c * r + d)) * r4 + ((e * r + f) * r2 + (g * r + h))
    };
    value(over) / value(under)
}

#[allow(clippy::excessive_precision, reason = "as printed in the paper")]
const MIDDLE: [[f64; 8]; 2] = [
    [
        2.5090809287301226727e3,
        3.3430575583588128105e4,
        6.7265770927008700853e4,
        4.5921953931549871457e4,
        1.3731693765509461125e4,
        1.9715909503065514427e3,
        1.3314166789178437745e2,
        3.3871328727963666080e0,
    ],
    [
        5.2264952788528545610e3,
        2.8729085735721942674e4,
        3.9307895800092710610e4,
        2.1213794301586595867e4,
        5.3941960214247511077e3,
        6.8718700749205790830e2,
        4.2313330701600911252e1,
        1.0,
    ],
];
#[allow(clippy::excessive_precision, reason = "as printed in the paper")]
const NEAR: [[f64; 8]; 2] = [
    [
        7.74545014278341407640e-4,
        2.27238449892691845833e-2,
        2.41780725177450611770e-1,
        1.27045825245236838258e0,
        3.64784832476320460504e0,
        5.76949722146069140550e0,
        4.63033784615654529590e0,
        1.42343711074968357734e0,
    ],
    [
        1.05075007164441684324e-9,
        5.47593808499534494600e-4,
        1.51986665636164571966e-2,
        1.48103976427480074590e-1,
        6.89767334985100004550e-1,
        1.67638483018380384940e0,
        2.05319162663775882187e0,
        1.0,
    ],
];
#[allow(clippy::excessive_precision, reason = "as printed in the paper")]
const FAR: [[f64; 8]; 2] = [
    [
        2.01033439929228813265e-7,
        2.71155556874348757815e-5,
        1.24266094738807843860e-3,
        2.65321895265761230930e-2,
        2.96560571828504891230e-1,
        1.78482653991729133580e0,
        5.46378491116411436990e0,
        6.65790464350110377720e0,
    ],
    [
        2.04426310338993978564e-15,
        1.42151175831644588870e-7,
        1.84631831751005468180e-5,
        7.86869131145613259100e-4,
        1.48753612908506148525e-2,
        1.36929880922735805310e-1,
        5.99832206555887937690e-1,
        1.0,
    ],
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::NORMAL_P99;

    #[test]
    fn the_normal_quantile_agrees_with_published_values() {
        // Python's statistics.NormalDist and the tables of Abramowitz and Stegun, one for each of the three branches
        // and on both sides of the borders between them.
        for (p, expected) in [
            (0.5, 0.0),
            (0.6, 0.253_347_103_135_799_8),
            (0.925, 1.439_531_470_938_456),
            (0.93, 1.475_791_028_179_170_8),
            (0.975, 1.959_963_984_540_053_6),
            (0.99, NORMAL_P99),
            (0.999, 3.090_232_306_167_813),
            (1e-5, -4.264_890_793_922_825_6),
            (1e-10, -6.361_340_902_404_056),
            (1e-15, -7.941_345_326_170_995),
            (1e-300, -37.047_096_299_361_2),
        ] {
            let found = normal_quantile(p);
            assert!(
                (found - expected).abs() <= 1e-14 * f64::abs(expected),
                "at {p}: {found}, not {expected}"
            );
        }
        for p in [0.001, 0.01, 0.1, 0.3] {
            assert!((normal_quantile(p) + normal_quantile(1.0 - p)).abs() < 1e-12, "at {p}");
        }
    }
}
