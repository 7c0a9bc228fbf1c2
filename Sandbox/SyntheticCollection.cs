using Backup.MongoWire.Bson;

namespace Backup.Sandbox;

/// <summary>
/// A read-only collection whose documents are computed from their ordinal, so that gigabytes need no memory.
/// <c>_id</c> is the ordinal as an Int64, so <c>_id</c> order is the order of ordinals.
/// </summary>
/// <param name="Database">For example <c>big</c>.</param>
/// <param name="Name">For example <c>events</c>.</param>
/// <param name="Count">Documents, ordinals 0 to Count - 1.</param>
/// <param name="Generate">
/// The document of an ordinal: the same bytes at every call, <c>_id</c> first and equal to the ordinal (Int64), at most
/// 16 MiB. Called from several threads.
/// </param>
public sealed record SyntheticCollection(string Database, string Name, long Count, Func<long, BsonDocument> Generate)
{
    private const int Sampled = 8;
    private long? _estimate;

    /// <summary>Bytes of all documents, as far as the first few speak for the rest: what collStats tells.</summary>
    internal long EstimatedBytes => _estimate ??= Estimate();

    /// <summary>Documents <c>{_id, pad}</c> of about the given sizes in turn, their bytes random but fixed.</summary>
    /// <param name="sizes">Bytes of a document, 64 to 16 MiB each; ordinal n takes <c>sizes[n % sizes.Count]</c>.</param>
    /// <param name="entropy">0 to 1: the part of the bytes that does not compress.</param>
    public static SyntheticCollection Random(
        string database,
        string name,
        long count,
        IReadOnlyList<int> sizes,
        double entropy = 0.5
    )
    {
        if (sizes.Count == 0 || sizes.Any(size => size is < 64 or > 16 << 20))
        {
            throw SandboxErrors.InvalidOption(nameof(sizes), "each must be 64 to 16777216");
        }

        return new(database, name, count, ordinal => Filled(ordinal, sizes[(int)(ordinal % sizes.Count)], entropy));
    }

    private long Estimate()
    {
        var (bytes, sampled) = (0L, Math.Min(Count, Sampled));
        for (var ordinal = 0L; ordinal < sampled; ordinal++)
        {
            bytes += Generate(ordinal).Length;
        }

        return sampled == 0 ? 0 : bytes / sampled * Count;
    }

    private static BsonDocument Filled(long ordinal, int size, double entropy)
    {
        // { _id: ordinal, pad: BinData(0, …) } is 31 bytes and the payload.
        const int frame = 4 + (1 + 4 + 8) + (1 + 4 + 4 + 1) + 1;
        var payload = new byte[size - frame];
        const int stride = 4096;
        var random = new Random(unchecked((int)(ordinal * 2654435761)));
        for (var start = 0; start < payload.Length; start += stride)
        {
            var part = payload.AsSpan(start, Math.Min(stride, payload.Length - start));
            random.NextBytes(part[..(int)(part.Length * Math.Clamp(entropy, 0, 1))]);
        }

        using var writer = new BsonWriter(size + 64);
        writer.BeginDocument().Int64("_id"u8, ordinal).Binary("pad"u8, payload).EndDocument();
        return writer.ToDocument();
    }
}
