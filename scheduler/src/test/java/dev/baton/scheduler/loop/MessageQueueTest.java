package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.policy.Message;
import dev.baton.scheduler.policy.Message.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class MessageQueueTest {
  private final MessageQueue queue = new MessageQueue(Set.of(Kind.BLOCKED, Kind.WOKEN), 4);

  private void add(Kind kind, int worker) {
    queue.add(kind, 10, 0, worker, 0, 0);
  }

  private List<Message> all() throws InterruptedException {
    List<Message> all = new ArrayList<>();
    for (@Nullable Message next; (next = queue.take(0)) != null; ) {
      all.add(next);
    }
    return all;
  }

  @Test
  void shouldNumberWhatIsHeardInOrder() throws InterruptedException {
    add(Kind.BLOCKED, 1);
    add(Kind.TICK, 2);
    add(Kind.WOKEN, 3);

    assertThat(all())
        .containsExactly(
            new Message(0, 10, Kind.BLOCKED, 0, 1, 0, 0),
            new Message(1, 10, Kind.WOKEN, 0, 3, 0, 0));
  }

  @Test
  void shouldTellOfLossesBeforeWhatFollows() throws InterruptedException {
    for (int worker = 0; worker < 7; worker++) {
      add(Kind.BLOCKED, worker);
    }
    assertThat(queue.lost()).isEqualTo(3);
    List<Message> kept = List.of(queue.take(0), queue.take(0), queue.take(0), queue.take(0));
    add(Kind.WOKEN, 8);

    assertThat(kept).extracting(Message::sequence).containsExactly(0L, 1L, 2L, 3L);
    assertThat(all())
        .extracting(Message::kind, Message::sequence, Message::nanos)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(Kind.LOST, 7L, 3L),
            org.assertj.core.groups.Tuple.tuple(Kind.WOKEN, 8L, 0L));
  }

  @Test
  void shouldTellOfLossesAlsoIfNothingFollows() throws InterruptedException {
    for (int worker = 0; worker < 5; worker++) {
      add(Kind.BLOCKED, worker);
    }

    assertThat(all()).extracting(Message::kind).endsWith(Kind.BLOCKED, Kind.LOST);
  }

  @Test
  void shouldLetNothingInOnceItIsClosed() throws InterruptedException {
    add(Kind.BLOCKED, 1);

    queue.close();
    add(Kind.BLOCKED, 2);

    assertThat(all()).isEmpty();
  }
}
