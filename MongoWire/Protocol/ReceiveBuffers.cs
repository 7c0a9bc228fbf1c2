namespace Backup.MongoWire.Protocol;

/// <summary>
/// The one receive buffer of a connection, lent to one message at a time. A message that is still held while the next
/// one comes in keeps its buffer and the next gets another; one of them is kept when both are back. A large buffer is
/// let go after a run of small messages, so idle connections hold little.
/// </summary>
internal sealed class ReceiveBuffers
{
    private const int Small = 256 * 1024;
    private const int SmallRunLimit = 64;
    private Loan? _spare;
    private int _smallRun;

    /// <summary>At least <paramref name="length"/> bytes; give it back with Release.</summary>
    internal Loan Take(int length)
    {
        _smallRun = length <= Small ? _smallRun + 1 : 0;
        var loan = Interlocked.Exchange(ref _spare, null);
        var unused = loan is not null && loan.Bytes.Length > Small && _smallRun > SmallRunLimit;
        return loan is not null && loan.Bytes.Length >= length && !unused ? loan : new Loan(this, Rounded(length));
    }

    private static int Rounded(int length)
    {
        var step = length <= Small ? 16 * 1024 : 1024 * 1024;
        return (length + step - 1) / step * step;
    }

    internal sealed class Loan(ReceiveBuffers home, int capacity) : IReceiveBufferOwner
    {
        internal byte[] Bytes { get; } = GC.AllocateUninitializedArray<byte>(capacity);

        public void Release() => Interlocked.CompareExchange(ref home._spare, this, null);
    }
}
