package dev.baton.server.context;

import dev.baton.scheduler.loop.ContinuationLoop;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The queue of {@link SerialExecutor} once more, small, with one step wrong: shows that a test can
 * see it.
 */
final class BrokenMailbox implements Mailbox, Runnable {
  enum Bug {
    /** None: what the tests see is the bug and not the copy. */
    NONE,
    /** The loop is told before the head is set. */
    HEAD_LATE,
    /** The runner is cleared after the right to run was given up. */
    RUNNER_LATE,
    /** No next node and yet not the last one: does not wait for the link. */
    LINK_LOST,
    /** Looks whether it is the last one, then sets the tail to null. */
    LAST_UNCHECKED,
    /** The own node is filled before the tail is. */
    OWN_FILLED_EARLY,
    /** The own node's link is cleared by who finds the executor idle. */
    OWN_CLEARED_LATE,
    /** The own node's link is not cleared. */
    OWN_LINK_KEPT
  }

  private static final class Node {
    volatile @Nullable Runnable callback;
    volatile @Nullable Node next;
  }

  private final ContinuationLoop loop;
  private final Bug bug;
  private final AtomicReference<@Nullable Node> tail = new AtomicReference<>();
  private final Node own = new Node();
  private volatile @Nullable Node head;
  private volatile @Nullable Thread runner;

  BrokenMailbox(ContinuationLoop loop, Bug bug) {
    this.loop = loop;
    this.bug = bug;
  }

  @Override
  public boolean inThread() {
    return runner == Thread.currentThread();
  }

  @Override
  public void execute(Runnable callback) {
    if (tail.get() == null) {
      if (bug == Bug.OWN_FILLED_EARLY) {
        own.callback = callback;
      }
      if (bug == Bug.OWN_CLEARED_LATE) {
        own.next = null;
      }
      if (tail.compareAndSet(null, own)) {
        if (bug != Bug.OWN_FILLED_EARLY) {
          own.callback = callback;
        }
        begin(own);
        return;
      }
    }
    Node node = new Node();
    node.callback = callback;
    Node previous = tail.getAndSet(node);
    if (previous != null) {
      previous.next = node;
    } else {
      begin(node);
    }
  }

  private void begin(Node node) {
    if (bug == Bug.HEAD_LATE) {
      loop.continuation(this);
      head = node;
    } else {
      head = node;
      loop.continuation(this);
    }
  }

  @Override
  public void run() {
    long mine = loop.token();
    do {
      runner = Thread.currentThread();
      Objects.requireNonNull(Objects.requireNonNull(head).callback).run();
      if (!next()) {
        return;
      }
    } while (loop.isStillOwned(mine));
    loop.continuation(this);
  }

  private boolean next() {
    Node ended = Objects.requireNonNull(head);
    if (bug != Bug.RUNNER_LATE) {
      runner = null;
    }
    boolean goesOn = pass(ended);
    if (bug == Bug.RUNNER_LATE) {
      runner = null;
    }
    return goesOn;
  }

  private boolean pass(Node ended) {
    Node next = ended.next;
    if (next == null) {
      if (isLast(ended)) {
        return false;
      }
      if (bug == Bug.LINK_LOST && ended.next == null) {
        return false;
      }
      while ((next = ended.next) == null) {
        Thread.onSpinWait();
      }
    }
    if (bug != Bug.OWN_CLEARED_LATE && bug != Bug.OWN_LINK_KEPT) {
      ended.next = null;
    }
    head = next;
    return true;
  }

  private boolean isLast(Node ended) {
    if (bug == Bug.LAST_UNCHECKED) {
      boolean last = tail.get() == ended;
      if (last) {
        tail.set(null);
      }
      return last;
    }
    return tail.compareAndSet(ended, null);
  }
}
