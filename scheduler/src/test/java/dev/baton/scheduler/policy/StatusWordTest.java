package dev.baton.scheduler.policy;

import static dev.baton.scheduler.policy.StatusWord.IO;
import static dev.baton.scheduler.policy.StatusWord.MAX_OWNER;
import static dev.baton.scheduler.policy.StatusWord.UNIT;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class StatusWordTest {
  @Test
  void shouldKeepOwnerAndStateApartAndCountEveryChange() {
    var random = new SplittableRandom(1);
    long word = StatusWord.ownedBy(3, 0);
    int owner = 3;
    int state = IO;
    long sequence = 1;

    for (int i = 0; i < 10_000; i++) {
      sequence++;
      if (random.nextBoolean()) {
        owner = random.nextInt(MAX_OWNER + 1);
        state = IO;
        word = StatusWord.ownedBy(owner, word);
      } else if (state == IO) {
        state = UNIT;
        word = StatusWord.entered(word);
      } else {
        state = IO;
        word = StatusWord.left(word);
      }

      assertThat(StatusWord.owner(word)).isEqualTo(owner);
      assertThat(StatusWord.state(word)).isEqualTo(state);
      assertThat(StatusWord.sequence(word)).isEqualTo(sequence);
    }
  }

  @Test
  void shouldWrapTheSequenceWithoutTouchingTheOwner() {
    long last = StatusWord.entered(StatusWord.ownedBy(MAX_OWNER, -1L << 18) - (1L << 18));

    assertThat(StatusWord.sequence(last)).isEqualTo(0);
    assertThat(StatusWord.owner(last)).isEqualTo(MAX_OWNER);
    assertThat(StatusWord.state(last)).isEqualTo(UNIT);
  }
}
