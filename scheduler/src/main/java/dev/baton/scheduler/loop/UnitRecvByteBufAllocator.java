package dev.baton.scheduler.loop;

import io.netty.channel.Channel;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.UncheckedBooleanSupplier;

/**
 * Ends the reading of a unit when what was read must wait for a callback: what comes after it, the
 * peer's close above all, is then found by a later unit, when that callback has answered.
 */
final class UnitRecvByteBufAllocator implements RecvByteBufAllocator {
  private final RecvByteBufAllocator allocator;
  private final ChannelLoop view;

  private UnitRecvByteBufAllocator(RecvByteBufAllocator allocator, ChannelLoop view) {
    this.allocator = allocator;
    this.view = view;
  }

  /** Has {@code channel} read so if it is a stream of bytes. Before it is registered. */
  static void install(Channel channel, ChannelLoop view) {
    if (channel instanceof DuplexChannel) {
      RecvByteBufAllocator own = channel.config().getRecvByteBufAllocator();
      if (!(own instanceof UnitRecvByteBufAllocator)) {
        channel.config().setRecvByteBufAllocator(new UnitRecvByteBufAllocator(own, view));
      }
    }
  }

  @SuppressWarnings("deprecation") // the interface's own
  @Override
  public Handle newHandle() {
    return new UnitReads((ExtendedHandle) allocator.newHandle(), view);
  }

  private static final class UnitReads extends DelegatingHandle implements ExtendedHandle {
    private final ChannelLoop view;

    UnitReads(ExtendedHandle handle, ChannelLoop view) {
      super(handle);
      this.view = view;
    }

    @Override
    public boolean continueReading() {
      return view.mayRead() && delegate().continueReading();
    }

    @Override
    public boolean continueReading(UncheckedBooleanSupplier maybeMoreData) {
      return view.mayRead() && ((ExtendedHandle) delegate()).continueReading(maybeMoreData);
    }
  }
}
