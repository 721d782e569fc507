package dev.baton.scheduler.queue;

import java.util.concurrent.atomic.AtomicInteger;
import org.jctools.queues.varhandle.MpmcVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;

// google-java-format off
/*
 * The pull protocol.
 *
 * Loops pull, one continuation at a time; nobody pushes into a queue that only one of them can
 * reach. A continuation is in one of
 *     fresh        what has come into the stage, in order
 *     resumed[i]   what has been suspended and ran on loop i before: that loop looks there first,
 *                  its peers when they find nothing else, and before each 64th fresh one (loop i
 *                  may be stuck while they never run out of fresh ones)
 *
 * Slots. A continuation takes a slot when it is offered and gives it back when it leaves the stage;
 * waiting, running and suspended ones hold theirs. There are no more slots than places in each of
 * the queues, so that resume() always finds one.
 *
 * Wake-ups. A loop's bit in IdleLoops says that it sleeps or is about to:
 *     producer: add to a queue;   read spinning, idle       (a set bit is cleared, that loop woken)
 *     loop:     clear spinning;   set its bit;  read the queues;  sleep
 * The two are the store-load pairs of Dekker's protocol. Adding is a CAS of the queue's producer
 * index, setting the bit an atomic "or", and the queues are read through their indices, all of
 * them volatile: at least one side sees the other.
 *
 * A wake-up is a promise: the woken loop, or one that is awake in IO, will take the continuation or
 * look before it sleeps. So a loop that runs something else first, or may not run anything, passes
 * the promise on (passOn).
 *
 * One loop at a time may spin before it sleeps. While it does, producers wake nobody; so when it
 * stops because it has found something, it wakes the next one if there is more. A producer that saw
 * it spinning had added before, and it looks after it has stopped: again Dekker's pair.
 */
// google-java-format on
/**
 * The bounded queue of a stage, which the loops of an enclave pull from.
 *
 * <p>{@link #offer}, {@link #resume}, {@link #leave} and the readers are for any thread. The rest
 * is for the loop whose index it names: its owner in state IO.
 */
public final class StageQueue implements StagePlace {
  /** What a loop that is stuck would have resumed waits for at most this many fresh ones. */
  private static final int PEERS_TURN = 63;

  private final int capacity;
  private final MpmcVarHandleArrayQueue<Runnable> fresh;
  private final MpmcVarHandleArrayQueue<Runnable>[] resumed;
  final IdleLoops idle;

  // Written by any thread
  private final AtomicInteger inside = new AtomicInteger();
  private final AtomicInteger spinning = new AtomicInteger();

  /**
   * An empty queue.
   *
   * @param capacity the most continuations inside the stage, at least 1
   * @param loops at least 1
   */
  @SuppressWarnings({"unchecked", "rawtypes"})
  public StageQueue(int capacity, int loops) {
    if (capacity < 1) {
      throw new IllegalArgumentException("capacity=" + capacity + ": at least 1");
    }
    if (loops < 1) {
      throw new IllegalArgumentException("loops=" + loops + ": at least 1");
    }
    this.capacity = capacity;
    int places = Math.max(2, capacity); // the least that JCTools takes
    fresh = new MpmcVarHandleArrayQueue<>(places);
    resumed = new MpmcVarHandleArrayQueue[loops];
    idle = new IdleLoops(loops);
    for (int i = 0; i < loops; i++) {
      resumed[i] = new MpmcVarHandleArrayQueue<>(places);
    }
  }

  /** Says how loop {@code index} is woken. Before the first {@link #offer}. */
  public void attach(int index, Runnable waker) {
    idle.attach(index, waker);
  }

  // ---------------------------------------------------------------- any thread

  /**
   * Adds a continuation that comes into the stage.
   *
   * @return false if the stage is full; nothing changed
   */
  @Override
  public boolean offer(Runnable continuation) {
    int now;
    do {
      // Not "increment, look, take back": meanwhile others would be refused a slot that is free.
      now = inside.get();
      if (now >= capacity) {
        return false;
      }
    } while (!inside.compareAndSet(now, now + 1));
    add(fresh, continuation);
    wakeOne(-1);
    return true;
  }

  /**
   * Adds a continuation that is inside the stage and was suspended.
   *
   * @param loop where it ran before
   */
  @Override
  public void resume(Runnable continuation, int loop) {
    add(resumed[loop], continuation);
    wakeOne(loop);
  }

  private static void add(MpmcVarHandleArrayQueue<Runnable> queue, Runnable continuation) {
    if (!queue.offer(continuation)) {
      throw new AssertionError("more continuations than slots");
    }
  }

  /** A continuation leaves the stage: its slot is free. */
  @Override
  public void leave() {
    inside.decrementAndGet();
  }

  private void wakeOne(int preferred) {
    if (spinning.get() != 0) {
      return;
    }
    idle.wakeOne(preferred);
  }

  /** Whether nothing waits. */
  public boolean isEmpty() {
    if (!fresh.isEmpty()) {
      return false;
    }
    for (MpmcVarHandleArrayQueue<Runnable> queue : resumed) {
      if (!queue.isEmpty()) {
        return false;
      }
    }
    return true;
  }

  /** The continuations inside the stage: waiting, running and suspended ones. */
  @Override
  public int inside() {
    return inside.get();
  }

  /** The continuations that wait; an estimate. */
  @Override
  public int waiting() {
    int waiting = fresh.size();
    for (MpmcVarHandleArrayQueue<Runnable> queue : resumed) {
      waiting += queue.size();
    }
    return waiting;
  }

  /** The most continuations inside the stage. */
  public int capacity() {
    return capacity;
  }

  /** How often a sleeping loop was woken, since the start. */
  @Override
  public long wakeUps() {
    return idle.wakeUps();
  }

  // ---------------------------------------------------------------- a loop's owner in IO

  /** The next continuation for {@code loop}, or null. */
  public @Nullable Runnable poll(int loop) {
    Runnable next = resumed[loop].poll();
    if (next == null && (fresh.currentConsumerIndex() & PEERS_TURN) == PEERS_TURN) {
      next = pollPeers(loop);
    }
    if (next == null) {
      next = fresh.poll();
    }
    return next != null ? next : pollPeers(loop);
  }

  private @Nullable Runnable pollPeers(int loop) {
    Runnable next = null;
    for (int i = 1; next == null && i < resumed.length; i++) {
      next = resumed[(loop + i) % resumed.length].poll();
    }
    return next;
  }

  /**
   * Announces that {@code loop} is about to sleep.
   *
   * @return false if it must not: something waits
   */
  public boolean park(int loop) {
    idle.park(loop);
    return isEmpty();
  }

  /** {@code loop} is awake. */
  public void unpark(int loop) {
    idle.unpark(loop);
  }

  /** A loop cannot run what it was woken for, or runs something else first: somebody else may. */
  public void passOn() {
    if (!isEmpty()) {
      wakeOne(-1);
    }
  }

  /** Whether the calling loop may spin; then it calls {@link #stopSpinning}. */
  public boolean startSpinning() {
    return spinning.get() == 0 && spinning.compareAndSet(0, 1);
  }

  /** Ends what {@link #startSpinning} began. */
  public void stopSpinning() {
    spinning.set(0);
    if (waiting() > 1) {
      wakeOne(-1); // producers have left this one's peers asleep
    }
  }
}
