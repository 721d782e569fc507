package dev.baton.scheduler.simulator;

import java.util.Arrays;

/**
 * The simulation's clock: an implicit heap of what happens next, four children to a node. Those of
 * the same instant happen in the order in which they were scheduled, so that a run depends on
 * nothing but its seed.
 */
final class VirtualTime {
  private static final int CHILDREN = 4;

  /** Something that happens at most once at a time: it may be moved, and called off. */
  abstract static class Event {
    private int position = -1;
    private long order;

    /** It happens. It may be scheduled again. */
    abstract void happen();

    final boolean isScheduled() {
      return position >= 0;
    }
  }

  private Event[] heap = new Event[256];
  private long[] times = new long[256]; // of the heap's events, beside them for the cache's sake
  private int size;
  private long now;
  private long scheduled;
  private long happened;

  /** The present, nanoseconds from the start. */
  long now() {
    return now;
  }

  /** How many events have happened. */
  long happened() {
    return happened;
  }

  /** Lets {@code event} happen {@code delayNanos} from now, instead of when it was to happen. */
  void after(long delayNanos, Event event) {
    at(now + Math.max(0, delayNanos), event);
  }

  /** Lets {@code event} happen at {@code nanos}, not before now. */
  void at(long nanos, Event event) {
    if (nanos < now) {
      throw new IllegalArgumentException("nanos=" + nanos + ": it is " + now + " already");
    }
    event.order = scheduled++;
    if (event.position >= 0) {
      long before = times[event.position];
      times[event.position] = nanos;
      if (nanos < before) {
        up(event.position);
      } else {
        down(event.position); // also at the same instant: it is the latest of it now
      }
      return;
    }
    if (size == heap.length) {
      heap = Arrays.copyOf(heap, 2 * size);
      times = Arrays.copyOf(times, 2 * size);
    }
    put(size, event, nanos);
    up(size++);
  }

  /** It shall not happen, if it was to. */
  void cancel(Event event) {
    int hole = event.position;
    if (hole < 0) {
      return;
    }
    event.position = -1;
    size--;
    Event last = heap[size];
    if (hole < size) {
      put(hole, last, times[size]);
      up(hole);
      down(last.position);
    }
  }

  /**
   * Goes on to the next event and lets it happen.
   *
   * @return false if there is none
   */
  boolean step() {
    if (size == 0) {
      return false;
    }
    Event first = heap[0];
    now = times[0];
    first.position = -1;
    size--;
    if (size > 0) {
      put(0, heap[size], times[size]);
      down(0);
    }
    happened++;
    first.happen();
    return true;
  }

  private void put(int position, Event event, long nanos) {
    heap[position] = event;
    times[position] = nanos;
    event.position = position;
  }

  private boolean before(long nanos, long order, int other) {
    return nanos < times[other] || (nanos == times[other] && order < heap[other].order);
  }

  private void up(int from) {
    Event event = heap[from];
    long nanos = times[from];
    int position = from;
    while (position > 0) {
      int parent = (position - 1) / CHILDREN;
      if (!before(nanos, event.order, parent)) {
        break;
      }
      put(position, heap[parent], times[parent]);
      position = parent;
    }
    put(position, event, nanos);
  }

  private void down(int from) {
    Event event = heap[from];
    long nanos = times[from];
    int position = from;
    while (true) {
      int first = CHILDREN * position + 1;
      if (first >= size) {
        break;
      }
      int least = first;
      int end = Math.min(first + CHILDREN, size);
      for (int child = first + 1; child < end; child++) {
        if (before(times[child], heap[child].order, least)) {
          least = child;
        }
      }
      if (before(nanos, event.order, least)) {
        break;
      }
      put(position, heap[least], times[least]);
      position = least;
    }
    put(position, event, nanos);
  }
}
