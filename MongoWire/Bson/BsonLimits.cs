namespace Backup.MongoWire.Bson;

/// <summary>What <see cref="BsonValidator"/> allows a document to be.</summary>
public sealed record BsonLimits
{
    /// <summary>Everything that BSON's specification asks for.</summary>
    public static readonly BsonLimits Strict = new();

    /// <summary>
    /// Frames, names and nesting as in <see cref="Strict"/>, but not what stands inside a value: a server stores what a
    /// driver sends without looking at it (text that is no UTF-8, for one), and a backup must keep what it finds.
    /// </summary>
    public static readonly BsonLimits AsStored = new() { StrictContent = false };

    /// <summary>The document itself is level 1; default 200, the server's own limit.</summary>
    public int Depth { get; init; } = 200;

    /// <summary>Bytes; default 16 MiB + 16 KiB, the server's limit for what it makes itself (an oplog entry, for one).</summary>
    public int Length { get; init; } = (16 << 20) + (16 << 10);

    /// <summary>
    /// Whether text must be well-formed UTF-8, a boolean 0 or 1, and the inner length of binary subtype 2 right;
    /// default true.
    /// </summary>
    public bool StrictContent { get; init; } = true;
}
