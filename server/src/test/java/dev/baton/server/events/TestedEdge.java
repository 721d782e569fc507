package dev.baton.server.events;

/** What happens at the edges where no request shows it, a row each, and the test that holds it. */
enum TestedEdge {
  CLUSTER_MANAGER(
      "A15",
      "a cluster manager's jar on the class path, clustering not asked for",
      "NullPointerException",
      "ClassPathTest#shouldNotClusterBecauseAClusterManagerIsThere"),
  METRICS_FACTORY(
      "A16",
      "an application's own Micrometer metrics, on Baton and on stock",
      "`/metrics` 500, empty",
      "ClassPathTest#shouldLeaveTheMetricsToAnApplicationThatHasItsOwn"),
  BLOCKED_THREAD_CHECKER(
      "A22",
      "the blocked-thread checker",
      "nothing is reported",
      "OperatorIT#shouldLogWhereAHandlerIsInEachMode"),
  METRICS_OPTIONS(
      "A24",
      "`MicrometerMetricsOptions` in `VertxOptions`",
      "lost",
      "ClassPathTest#shouldLeaveTheMetricsToAnApplicationThatHasItsOwn"),
  THREAD_LIMIT(
      "B6",
      "no thread can be started",
      "the loop stands still until a handler returns, 41 … 82 lines of log",
      "StandbyPoolIT#shouldHoldNewWorkBackWhileNoThreadCanBeStarted"),
  DIES_AWAY(
      "B8",
      "a worker dies while it is away",
      "`away` 1 and \"exhausted\" for ever",
      "StandbyPoolIT#shouldReplaceAWorkerThatDiesAwayFromItsLoop"),
  OWNER_DIES(
      "B9",
      "an owner dies and no thread can be started",
      "the loop has no thread for ever",
      "TakeoverIT#shouldKeepAnOwnerThatDiesAndCannotBeReplaced"),
  OUT_OF_FILES(
      "B10",
      "EMFILE while the second loop is made",
      "the start hangs for ever",
      "LoopLifecycleIT#shouldNotStartWithoutFilesForEveryLoopAndSayWhy"),
  LATE_TASKS(
      "B12",
      "4 threads `execute()` while the loop ends",
      "157 accepted and never run",
      "LoopLifecycleIT#shouldRunOrRejectWhateverComesWhileItEnds"),
  LATE_CONTINUATIONS(
      "B12",
      "the same with continuations",
      "dropped with a warning",
      "LoopLifecycleIT#shouldRunOrRejectContinuationsThatComeWhileItEnds"),
  VIRTUAL_SLOT(
      "B13",
      "virtual stage, capacity 10, deadline 100 ms, function hangs",
      "396 of 400 inside",
      "ContinuationTest#shouldHoldTheSlotOfAVirtualThreadUntilItsFunctionReturns"),
  NO_SPIN(
      "B17",
      "shutdown while holding back",
      "the owner spins until the timeout",
      "LoopLifecycleIT#shouldNotSpinWhenItEndsWhileHoldingBack"),
  AFFINITY(
      "B18",
      "one ESRCH from `sched_setaffinity`",
      "no pinning any more in the whole process",
      "CpuPinningTest#shouldGoOnAfterAWorkerThatHasJustEnded"),
  UNDER_WAY_FIRST(
      "B19",
      "work under way beside a flood of new requests",
      "one of eight turns",
      "LoopLifecycleIT#shouldRunWhatIsUnderWayBeforeNewWork"),
  GRACE(
      "C1",
      "grace 20 ms, handler sleeps 2 ms, then computes",
      "20 of 20 taken: a lost record makes \"asleep\" stick",
      "PerfEventRingTest#shouldMakeRoomForALossAndASwitch"),
  PREEMPTED_BEFORE(
      "C2",
      "one preemption before the block",
      "taken 2.25 slices later",
      "PerfEventRingTest#shouldTellASleeperFromOneThatWasPushedOff"),
  RAW_LOG(
      "C10", "ESC or BEL in what is logged", "raw in the log", "LogConsoleTest#shouldEscapeJson");

  final String number;
  final String what;
  final String before;

  /** Class and method, without the package. */
  final String test;

  TestedEdge(String number, String what, String before, String test) {
    this.number = number;
    this.what = what;
    this.before = before;
    this.test = test;
  }
}
