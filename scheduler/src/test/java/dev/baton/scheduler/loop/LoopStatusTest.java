package dev.baton.scheduler.loop;

import static dev.baton.scheduler.loop.LoopStatus.IO;
import static dev.baton.scheduler.loop.LoopStatus.MAX_OWNER;
import static dev.baton.scheduler.loop.LoopStatus.UNIT;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LoopStatusTest {
  @Test
  void shouldKeepOwnerAndStateApartAndCountEveryChange() {
    var random = new SplittableRandom(1);
    long word = LoopStatus.ownedBy(3, 0);
    int owner = 3;
    int state = IO;
    long sequence = 1;

    for (int i = 0; i < 10_000; i++) {
      sequence++;
      if (random.nextBoolean()) {
        owner = random.nextInt(MAX_OWNER + 1);
        state = IO;
        word = LoopStatus.ownedBy(owner, word);
      } else if (state == IO) {
        state = UNIT;
        word = LoopStatus.entered(word);
      } else {
        state = IO;
        word = LoopStatus.left(word);
      }

      assertThat(LoopStatus.owner(word)).isEqualTo(owner);
      assertThat(LoopStatus.state(word)).isEqualTo(state);
      assertThat(LoopStatus.sequence(word)).isEqualTo(sequence);
    }
  }

  @Test
  void shouldWrapTheSequenceWithoutTouchingTheOwner() {
    long last = LoopStatus.entered(LoopStatus.ownedBy(MAX_OWNER, -1L << 18) - (1L << 18));

    assertThat(LoopStatus.sequence(last)).isEqualTo(0);
    assertThat(LoopStatus.owner(last)).isEqualTo(MAX_OWNER);
    assertThat(LoopStatus.state(last)).isEqualTo(UNIT);
  }
}
