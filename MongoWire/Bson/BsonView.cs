using System.Buffers.Binary;

namespace Backup.MongoWire.Bson;

/// <summary>
/// A raw BSON document or array read in place. Walking it checks every bound, so that damaged bytes end in error 2001
/// and never in a read outside; it does not check UTF-8 or nesting: that is <c>BsonValidator</c>'s, done once where
/// bytes come in.
/// </summary>
public readonly ref struct BsonView
{
    /// <summary>The smallest document: length and closing zero.</summary>
    public const int MinimumLength = 5;

    /// <param name="bytes">A document; what stands behind its announced length is left out.</param>
    /// <exception cref="Foundation.Errors.BackupException">2001 where the frame is damaged.</exception>
    public BsonView(ReadOnlySpan<byte> bytes)
    {
        Bytes = bytes[..LengthOf(bytes)];
    }

    /// <summary>The whole document, from its length to its closing zero.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    public int Length => Bytes.Length;

    public bool IsEmpty => Bytes.Length <= MinimumLength;

    /// <summary>The length of the document at the start of <paramref name="bytes"/>, its frame checked.</summary>
    /// <param name="offset">Where <paramref name="bytes"/> start in what the caller reads: counted into the error's offset.</param>
    /// <exception cref="Foundation.Errors.BackupException">2001 where the frame is damaged.</exception>
    public static int LengthOf(ReadOnlySpan<byte> bytes, int offset = 0)
    {
        if (bytes.Length < MinimumLength)
        {
            throw MongoWireErrors.Malformed($"{bytes.Length} bytes are no document", offset);
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        if (length < MinimumLength || length > bytes.Length)
        {
            throw MongoWireErrors.Malformed($"length {length} with {bytes.Length} bytes at hand", offset);
        }

        return bytes[length - 1] == 0
            ? length
            : throw MongoWireErrors.Malformed("no closing zero", (long)offset + length - 1);
    }

    public Enumerator GetEnumerator() => new(Bytes);

    /// <summary>The first field of that name.</summary>
    public bool TryGet(ReadOnlySpan<byte> name, out BsonElement element)
    {
        foreach (var candidate in this)
        {
            if (candidate.NameIs(name))
            {
                element = candidate;
                return true;
            }
        }

        element = default;
        return false;
    }

    public bool Has(ReadOnlySpan<byte> name) => TryGet(name, out _);

    /// <summary>The first field of that name.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2001 where there is none.</exception>
    public BsonElement this[ReadOnlySpan<byte> name] =>
        TryGet(name, out var element)
            ? element
            : throw MongoWireErrors.Malformed($"no field '{System.Text.Encoding.UTF8.GetString(name)}'", 0);

    /// <summary>The first element.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2001 where the document is empty.</exception>
    public BsonElement First
    {
        get
        {
            var all = GetEnumerator();
            return all.MoveNext() ? all.Current : throw MongoWireErrors.Malformed("the document is empty", 0);
        }
    }

    /// <summary>A copy that outlives the buffer.</summary>
    public BsonDocument ToDocument() => new(Bytes.ToArray());

    public ref struct Enumerator
    {
        private readonly ReadOnlySpan<byte> _bytes;
        private int _next;

        internal Enumerator(ReadOnlySpan<byte> bytes)
        {
            _bytes = bytes;
            _next = 4;
        }

        public BsonElement Current { get; private set; }

        /// <summary>Where the current element's type byte stands in the document.</summary>
        public int Offset { get; private set; }

        public bool MoveNext()
        {
            if (_next >= _bytes.Length - 1)
            {
                return _next == _bytes.Length - 1 || _bytes.Length == 0
                    ? false
                    : throw MongoWireErrors.Malformed("an element runs over the end", _next);
            }

            Offset = _next;
            var type = (BsonType)_bytes[_next];
            var rest = _bytes[(_next + 1)..^1];
            var nameLength = rest.IndexOf((byte)0);
            if (nameLength < 0)
            {
                throw MongoWireErrors.Malformed("a field name has no end", _next + 1);
            }

            var value = rest[(nameLength + 1)..];
            var valueLength = BsonValue.LengthOf(type, value, _next);
            Current = new BsonElement(
                type,
                rest[..nameLength],
                value[..valueLength],
                _bytes.Slice(_next, 1 + nameLength + 1 + valueLength)
            );
            _next += 1 + nameLength + 1 + valueLength;
            return true;
        }
    }
}
