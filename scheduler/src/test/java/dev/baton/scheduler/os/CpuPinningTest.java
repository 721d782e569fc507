package dev.baton.scheduler.os;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CpuPinningTest {
  private static final Logger LOGGER = Logger.getLogger(CpuPinning.class.getName());

  private final List<LogRecord> log = Collections.synchronizedList(new ArrayList<>());
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord entry) {
          log.add(entry);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @BeforeEach
  void listen() {
    LOGGER.addHandler(handler);
  }

  @AfterEach
  void stopListening() {
    LOGGER.removeHandler(handler);
  }

  @Test
  void shouldSayOnceThatTheSystemRefusesAndAskNoMore() {
    List<Integer> asked = new ArrayList<>();
    var pinning =
        new CpuPinning(
            new FakeLinuxCalls() {
              @Override
              public int schedSetaffinity(int tid, long mask) {
                asked.add(tid);
                return ErrnoException.EPERM;
              }
            },
            CpuSet.of(0, 1));

    boolean first = pinning.widen(7);
    boolean second = pinning.widen(8);
    pinning.repin(0);
    pinning.pin(0);

    assertThat(first).isFalse();
    assertThat(second).isFalse();
    assertThat(asked).containsExactly(7);
    assertThat(pinning.refusal()).contains("sched_setaffinity").contains("EPERM");
    assertThat(log).hasSize(1);
  }

  @Test
  void shouldGoOnAfterAWorkerThatHasJustEnded() {
    var calls = new Answers(ErrnoException.ESRCH);
    var pinning = new CpuPinning(calls, CpuSet.of(0, 1));

    boolean first = pinning.widen(7);
    boolean second = pinning.widen(8);

    assertThat(first).isFalse();
    assertThat(second).isTrue();
    assertThat(pinning.refusal()).isNull();
    assertThat(log).isEmpty();
  }

  @Test
  void shouldSayOnceThatACpuHasLeftTheCpusetAndPinToItWhenItIsBack() {
    var calls = new Answers(ErrnoException.EINVAL, ErrnoException.EINVAL);
    var pinning = new CpuPinning(calls, CpuSet.of(0, 1));

    pinning.repin(1);
    pinning.repin(1);
    String gone = pinning.refusal();
    boolean widened = pinning.widen(7);
    pinning.repin(1);

    assertThat(gone).isEqualTo("CPU 1: sched_setaffinity: EINVAL (invalid argument)");
    assertThat(log).hasSize(1);
    assertThat(widened).isTrue();
    assertThat(pinning.refusal()).isNull();
  }

  @Test
  void shouldServeAnyWidthThatTheKernelKnows() {
    CpuSet all = CpuSet.parse("0-8191");

    assertThat(all.size()).isEqualTo(CpuSet.MAX_CPUS);
    assertThat(new FfmLinuxCalls().cpuMask(all)).isNotZero();
  }

  /** {@code sched_setaffinity} fails so often and with these, and then succeeds. */
  private static final class Answers extends FakeLinuxCalls {
    private final Deque<Integer> errnos;

    Answers(Integer... errnos) {
      this.errnos = new ArrayDeque<>(List.of(errnos));
    }

    @Override
    public int schedSetaffinity(int tid, long mask) {
      return errnos.isEmpty() ? 0 : errnos.remove();
    }
  }

  @Test
  void shouldSurviveACpuThatIsNotThere() throws Exception {
    var pinning = new CpuPinning(null, CpuSet.of(CpuSet.MAX_CPUS - 1));

    Thread thread = Thread.ofPlatform().start(() -> pinning.pin(CpuSet.MAX_CPUS - 1));
    thread.join();

    assertThat(pinning.refusal()).isNotNull();
    assertThat(log).hasSize(1);
  }

  @Test
  void shouldNoticeThatACpuWasNotGranted() throws Exception {
    int granted = new FfmLinuxCalls().schedGetaffinity(0).stream().findFirst().orElseThrow();
    var pinning =
        new CpuPinning(
            new FakeLinuxCalls() {
              @Override
              public CpuSet schedGetaffinity(int tid) {
                return CpuSet.of(1000);
              }
            },
            CpuSet.of(granted));

    Thread thread = Thread.ofPlatform().start(() -> pinning.pin(granted));
    thread.join();

    assertThat(pinning.refusal()).isEqualTo("CPU " + granted + " was not granted");
  }

  @Test
  void shouldNotWidenWhereThereIsOneCpuOnly() {
    assertThat(new CpuPinning(new FakeLinuxCalls(), CpuSet.of(0)).widen(1)).isFalse();
    assertThat(new CpuPinning(new FakeLinuxCalls(), CpuSet.of(0, 1)).widen(1)).isTrue();
  }
}
