namespace Backup.Snapshots.Reading;

/// <summary>Where a capped collection's documents begin: what lies before was overwritten.</summary>
internal static class CappedWindow
{
    private const int Buckets = 64 * 1024;

    /// <summary>
    /// The smallest ordinal that is still there, exactly, in bounded memory: ordinals are counted in buckets, and the bucket in which the limit falls is looked at
    /// again more closely.
    /// </summary>
    internal static async ValueTask<ulong> FirstOrdinalAsync(
        Func<MergingCursor> open,
        CappedLimits limits,
        CancellationToken cancellation
    )
    {
        ulong from = 0;
        var to = ulong.MaxValue;
        long documentsAbove = 0;
        long bytesAbove = 0;
        while (true)
        {
            var width = ((to - from) / Buckets) + 1;
            var documents = new long[Buckets];
            var bytes = new long[Buckets];
            await using (var cursor = open())
            {
                while (await cursor.MoveNextAsync(cancellation))
                {
                    if (cursor.Ordinal >= from && cursor.Ordinal <= to)
                    {
                        var bucket = (cursor.Ordinal - from) / width;
                        documents[bucket]++;
                        bytes[bucket] += cursor.Current.Length;
                    }
                }
            }

            var at = Buckets - 1;
            while (
                at >= 0
                && documentsAbove + documents[at] <= limits.MaxDocuments
                && bytesAbove + bytes[at] <= limits.MaxBytes
            )
            {
                documentsAbove += documents[at];
                bytesAbove += bytes[at];
                at--;
            }

            if (at < 0)
            {
                return from;
            }

            var start = from + ((ulong)at * width);
            if (width == 1)
            {
                return start + 1;
            }

            to = Math.Min(to, start + (width - 1));
            from = start;
        }
    }
}

/// <summary>Leaves out documents of smaller ordinals.</summary>
internal sealed class WindowCursor(MergingCursor documents, ulong firstOrdinal) : DocumentCursor
{
    public override ReadOnlyMemory<byte> Current => documents.Current;

    public override async ValueTask<bool> MoveNextAsync(CancellationToken cancellation = default)
    {
        while (await documents.MoveNextAsync(cancellation))
        {
            if (documents.Ordinal >= firstOrdinal)
            {
                return true;
            }
        }

        return false;
    }

    public override ValueTask DisposeAsync() => documents.DisposeAsync();
}
