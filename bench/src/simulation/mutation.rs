//! Mistakes in the rules, each made by some implementation of VRRP or only a slip of the pen away.

/// One mistake of a replica of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// None: the replica runs beside the core, which must do the same.
    Nothing,
    /// The skew is cut down to whole centiseconds: priorities tie.
    SkewTruncated,
    /// The skew is always zero: all Backups take over together.
    SkewZero,
    /// The skew stays that of the own interval when another is learned.
    SkewNotRecomputed,
    /// Another priority does not move a timer that runs (T2).
    SkewNotShifted,
    /// Times are rounded down (T4).
    RoundedDown,
    /// A Backup takes an advert of its own priority for a lesser one (`>` for `>=`).
    EqualIsLesser,
    /// A Backup waits in its own intervals, whatever the Active router's (S2).
    IntervalNotLearned,
    /// An Active router that yields waits in its own intervals (S2).
    IntervalNotLearnedOnYielding,
    /// A Backup preempts with `Preempt_Mode` off.
    PreemptsAlways,
    /// An Active router does not yield with `Preempt_Mode` off (S5).
    PreemptModeInActive,
    /// A Backup does not shorten its wait for a resignation.
    ResignationNotHeard,
    /// An Active router that stops does not resign.
    ResignationNotSent,
    /// An interval of zero is taken for one (erratum 8301).
    ZeroIntervalAccepted,
    /// A packet that is dropped restarts the timer.
    RejectedTouchesTimer,
    /// An owner listens to nobody (RFC 5798, put right by erratum 8298).
    OwnerIgnoresAll,
    /// An equal priority makes an Active router yield, whatever the address (`>=` for `>`).
    EqualYields,
    /// An Active router ignores its own priority.
    EqualIgnored,
    /// Addresses are compared as little-endian words (S4).
    LittleEndian,
    /// A lesser Active router is not answered (S3).
    NoAnswer,
    /// Every lesser advert is answered at once (E4).
    UnguardedAnswer,
    /// An equal in everything is answered at once (E4).
    AnswersItsEqual,
    /// An answer to a lesser router puts off the next regular advert (S3).
    AnswerRearms,
    /// An answer to a resignation does not put off the next regular advert.
    ResignationDoesNotRearm,
    /// The next advert is an interval from now, and not from when this one was due.
    RearmedFromNow,
    /// An Active router advertises in the interval that it had learned (T1).
    LearnedIntervalAdvertised,
    /// A tick does what the timer is for, whether or not its time has come (Σ4).
    EarlyTickActs,
    /// An Active router that yields keeps the addresses.
    AddressesKept,
    /// A lesser advert restarts a Backup's timer though it preempts.
    PreemptsNever,
    /// A Backup does not bow to an equal priority from a lesser address (S6).
    TieBreakInBackup,
    /// The lesser address wins, as in CARP.
    LowerAddressWins,
    /// An advert's source is compared with the first virtual address instead of the router's own.
    ComparedWithVirtualAddress,
    /// After a resignation all Backups take over at once.
    ResignationWithoutSkew,
    /// After a resignation the skew is that of the own interval.
    ResignationForgetsInterval,
    /// A Backup that preempts waits in the intervals of the lesser router (Λ5).
    LesserIntervalLearned,
    /// Tracking moves the priority of an owner (O1).
    OwnerIsMoved,
    /// Tracking makes an owner of somebody who is none (O1).
    TrackedIntoOwner,
    /// Whoever takes over does not say so.
    SilentTakeover,
    /// Addresses are claimed before the advert that makes the former router let go of them (D12).
    ClaimsBeforeAdvert,
    /// A router resigns while it still answers (D12).
    ResignsBeforeReleasing,
    /// A router is Active as soon as it starts, as with `state MASTER` in the old days.
    StartsActive,
    /// An Active router that was held up speaks first, though it does not preempt (F3).
    HeldUpSpeaks,
    /// A resignation whose answer has to wait puts off the next advert all the same (F12).
    HeldBackAnswerRearms,
    /// A router that a fault stops does not resign (F32).
    FaultWithoutResignation,
    /// Once the fault is gone the router is Active again at once (F32).
    FaultEndsInActive,
    /// A longer interval is first heard of when it is over (F8).
    LongerIntervalNotTold,
    /// A shorter interval begins when the longer one is over.
    ShorterIntervalWaits,
    /// A reload takes a Backup back to its own interval (T3).
    ReloadForgetsInterval,
    /// A reload restarts the wait of a Backup (F31).
    ReloadRestartsWait,
    /// A reload makes a short wait after a resignation a whole one (F31).
    ReloadForgetsResignation,
}
