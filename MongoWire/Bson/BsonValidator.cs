namespace Backup.MongoWire.Bson;

/// <summary>Checks raw BSON from its first byte to its last, without allocating or recursing: whatever comes in passes here.</summary>
public static class BsonValidator
{
    /// <summary>Checks that the bytes are exactly one document.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2001 malformed, 2002 too deep or long, 2003 not UTF-8; with the offset.</exception>
    public static void Validate(ReadOnlySpan<byte> document, BsonLimits? limits = null) =>
        throw new NotSupportedException();

    /// <summary>Checks that the buffer holds whole documents one after another and nothing else.</summary>
    /// <returns>How many.</returns>
    /// <exception cref="Foundation.Errors.BackupException">As <see cref="Validate"/>; the offset counts from the start of the buffer.</exception>
    public static int ValidateAll(ReadOnlySpan<byte> buffer, BsonLimits? limits = null) =>
        new BsonSequence(buffer, limits ?? BsonLimits.Strict).Count();

    /// <summary>Checks the document that starts at <paramref name="start"/>.</summary>
    /// <returns>Its length.</returns>
    internal static int ValidateFirst(ReadOnlySpan<byte> buffer, int start, BsonLimits limits) =>
        throw new NotSupportedException();
}
