package dev.baton.scheduler.simulator;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Handlers by rank; of equal ones, which came first. A binary heap. */
final class HandlerQueue {
  private @Nullable Request[] heap = new Request[16];
  private int size;

  boolean isEmpty() {
    return size == 0;
  }

  int size() {
    return size;
  }

  @Nullable Request peek() {
    return heap[0];
  }

  void add(Request request) {
    if (size == heap.length) {
      heap = Arrays.copyOf(heap, 2 * size);
    }
    int at = size++;
    while (at > 0) {
      int parent = (at - 1) / 2;
      Request above = heap[parent];
      if (above == null || !isBefore(request, above)) {
        break;
      }
      heap[at] = above;
      at = parent;
    }
    heap[at] = request;
  }

  @Nullable Request poll() {
    Request first = heap[0];
    if (first == null) {
      return null;
    }
    Request last = heap[--size];
    heap[size] = null;
    if (size == 0 || last == null) {
      return first;
    }
    int at = 0;
    while (true) {
      int child = 2 * at + 1;
      if (child >= size) {
        break;
      }
      Request least = heap[child];
      Request right = child + 1 < size ? heap[child + 1] : null;
      if (right != null && least != null && isBefore(right, least)) {
        least = right;
        child++;
      }
      if (least == null || !isBefore(least, last)) {
        break;
      }
      heap[at] = least;
      at = child;
    }
    heap[at] = last;
    return first;
  }

  static boolean isBefore(Request a, Request b) {
    return a.rank < b.rank || (a.rank == b.rank && a.order < b.order);
  }
}
