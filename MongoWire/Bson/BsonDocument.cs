namespace Backup.MongoWire.Bson;

/// <summary>A raw document that owns, or shares, its memory. Equality is that of the bytes.</summary>
public readonly struct BsonDocument : IEquatable<BsonDocument>
{
    /// <summary><c>{}</c></summary>
    public static readonly BsonDocument Empty = new((byte[])[5, 0, 0, 0, 0]);

    private readonly ReadOnlyMemory<byte> _memory;

    /// <param name="memory">A document; what stands behind its announced length is left out.</param>
    public BsonDocument(ReadOnlyMemory<byte> memory)
    {
        _memory = memory[..BsonView.LengthOf(memory.Span)];
    }

    public ReadOnlyMemory<byte> Memory => _memory.IsEmpty ? Empty._memory : _memory;

    public ReadOnlySpan<byte> Span => Memory.Span;

    public int Length => Memory.Length;

    public BsonView View => new(Span);

    /// <summary>Builds a document: <c>BsonDocument.Build(w => w.Int32("ping"u8, 1))</c>.</summary>
    public static BsonDocument Build(Action<BsonWriter> fields)
    {
        using var writer = new BsonWriter();
        writer.BeginDocument();
        fields(writer);
        writer.EndDocument();
        return writer.ToDocument();
    }

    public bool Equals(BsonDocument other) => Span.SequenceEqual(other.Span);

    public override bool Equals(object? obj) => obj is BsonDocument other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Span);
        return hash.ToHashCode();
    }

    public static bool operator ==(BsonDocument left, BsonDocument right) => left.Equals(right);

    public static bool operator !=(BsonDocument left, BsonDocument right) => !left.Equals(right);
}
