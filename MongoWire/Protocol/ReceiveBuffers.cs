using System.Buffers;
using Backup.Foundation.Memory;

namespace Backup.MongoWire.Protocol;

/// <summary>
/// The receive buffers of a connection, each lent to one message. A small one is kept and lent again. A large one lies outside the
/// garbage collector's heap and goes back to the system as soon as its message is done with: a process that moves documents of many
/// megabytes stays as small as what is in flight.
/// </summary>
internal sealed class ReceiveBuffers
{
    private const int Small = 64 * 1024;
    private const int SmallStep = 16 * 1024;
    private SmallLoan? _spare;

    /// <summary>At least <paramref name="length"/> bytes; give it back with Release.</summary>
    internal Loan Take(int length)
    {
        if (length > Small)
        {
            return new LargeLoan(length);
        }

        var spare = Interlocked.Exchange(ref _spare, null);
        return spare is not null && spare.Memory.Length >= length
            ? spare
            : new SmallLoan(this, (length + SmallStep - 1) / SmallStep * SmallStep);
    }

    internal abstract class Loan(Memory<byte> memory) : IReceiveBufferOwner
    {
        internal Memory<byte> Memory => memory;

        public abstract void Release();
    }

    private sealed class SmallLoan(ReceiveBuffers home, int capacity)
        : Loan(GC.AllocateUninitializedArray<byte>(capacity))
    {
        public override void Release() => Interlocked.CompareExchange(ref home._spare, this, null);
    }

    private sealed class LargeLoan : Loan
    {
        private readonly IMemoryOwner<byte> _buffer;

        internal LargeLoan(int length)
            : this(new NativeBuffer(length)) { }

        private LargeLoan(NativeBuffer buffer)
            : base(buffer.Memory) => _buffer = buffer;

        public override void Release() => _buffer.Dispose();
    }
}
