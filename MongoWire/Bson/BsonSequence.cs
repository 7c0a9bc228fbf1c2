namespace Backup.MongoWire.Bson;

/// <summary>
/// Documents one after another in a buffer, as in a slice: <c>foreach (var document in new BsonSequence(bytes))</c>.
/// </summary>
/// <param name="buffer">Whole documents and nothing else; error 2001 at what is none.</param>
/// <param name="limits">Given, each document is checked by <see cref="BsonValidator"/> as it is reached; else its frame only.</param>
public readonly ref struct BsonSequence(ReadOnlySpan<byte> buffer, BsonLimits? limits = null)
{
    private readonly ReadOnlySpan<byte> _buffer = buffer;

    public Enumerator GetEnumerator() => new(_buffer, limits);

    /// <summary>Walks to the end.</summary>
    public int Count()
    {
        var count = 0;
        foreach (var _ in this)
        {
            count++;
        }

        return count;
    }

    public ref struct Enumerator
    {
        private readonly ReadOnlySpan<byte> _buffer;
        private readonly BsonLimits? _limits;
        private int _next;

        internal Enumerator(ReadOnlySpan<byte> buffer, BsonLimits? limits)
        {
            _buffer = buffer;
            _limits = limits;
        }

        public BsonView Current { get; private set; }

        /// <summary>Where <see cref="Current"/> starts in the buffer.</summary>
        public int Offset { get; private set; }

        public bool MoveNext()
        {
            if (_next == _buffer.Length)
            {
                return false;
            }

            Offset = _next;
            _next += _limits is null
                ? BsonView.LengthOf(_buffer[_next..], _next)
                : BsonValidator.ValidateFirst(_buffer, _next, _limits);
            Current = new BsonView(_buffer[Offset.._next]);
            return true;
        }
    }
}
