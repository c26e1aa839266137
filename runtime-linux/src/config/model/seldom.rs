//! Parts of the configuration that most of what could have them has not.

use core::fmt;
use core::ops::{Deref, DerefMut};

/// A `T` that takes memory only where it is another than the usual one. It reads like a `T`, and is made when it is first
/// written to.
#[derive(Clone)]
pub struct Seldom<T>(Option<Box<T>>);

/// What there is mostly.
pub trait Usual: Default + PartialEq + 'static {
    /// The value of everything that has no other; the same as `T::default()`.
    const USUAL: &'static Self;
}

impl<T: Usual> From<T> for Seldom<T> {
    fn from(value: T) -> Self {
        Self((value != *T::USUAL).then(|| Box::new(value)))
    }
}

impl<T> Default for Seldom<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Usual> Deref for Seldom<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::USUAL)
    }
}

impl<T: Usual> DerefMut for Seldom<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}

impl<T: Usual> PartialEq for Seldom<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Usual + Eq> Eq for Seldom<T> {}

impl<T: Usual + fmt::Debug> fmt::Debug for Seldom<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: PartialEq + 'static> Usual for Vec<T> {
    const USUAL: &'static Self = &Self::new();
}

impl<T> Seldom<Vec<T>> {
    /// Its elements, to be changed.
    pub fn iter_mut(&mut self) -> core::slice::IterMut<'_, T> {
        self.0.as_deref_mut().map(Vec::as_mut_slice).unwrap_or_default().iter_mut()
    }
}

impl<'a, T> IntoIterator for &'a mut Seldom<Vec<T>> {
    type Item = &'a mut T;
    type IntoIter = core::slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl<'a, T: PartialEq + 'static> IntoIterator for &'a Seldom<Vec<T>> {
    type Item = &'a T;
    type IntoIter = core::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: PartialEq + 'static, const N: usize> PartialEq<[T; N]> for Seldom<Vec<T>> {
    fn eq(&self, other: &[T; N]) -> bool {
        **self == *other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::model::Notify;

    #[test]
    fn what_is_as_usual_takes_no_memory_and_equals_what_was_written_to_be_so() {
        assert_eq!(*Notify::USUAL, Notify::default());
        let usual = Seldom::from(Notify::default());
        assert!(usual.0.is_none() && !usual.mail);
        let mut other = usual.clone();
        other.mail = true;
        assert!(other.0.is_some() && other != usual);
        other.mail = false;
        assert_eq!(other, usual);
    }

    #[test]
    fn an_empty_list_takes_no_memory_though_somebody_passed_over_it_to_change_it() {
        let mut list = Seldom::<Vec<u8>>::default();
        list.iter_mut().for_each(|number| *number += 1);
        assert!(list.0.is_none() && list.is_empty());
        let mut list = Seldom::from(vec![1, 2]);
        list.iter_mut().for_each(|number| *number += 1);
        assert_eq!(list, [2, 3]);
    }
}
