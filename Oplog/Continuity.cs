using Backup.Foundation;
using Backup.MongoWire.Bson;

namespace Backup.Oplog;

/// <summary>What the first entries of a tail say about the entry shipped last.</summary>
public enum ContinuityVerdict
{
    /// <summary>The first entry is the one shipped last: go on behind it.</summary>
    Continues = 0,

    /// <summary>The oplog starts later: entries are lost. Record the hole, alert, offer a resync.</summary>
    Hole = 1,

    /// <summary>An entry of that timestamp, but of another term or hash: the source rolled back. Stop, alert.</summary>
    RolledBack = 2,
}

/// <summary>Proves that a list of oplog entries goes on where another ended.</summary>
public static class Continuity
{
    /// <param name="first">The first entry of a query for <c>ts</c> ≥ that of <paramref name="last"/>.</param>
    /// <param name="last">The entry shipped last.</param>
    /// <param name="lastHash">Its <c>h</c> (servers up to 4.0), where known.</param>
    public static ContinuityVerdict Check(ReadOnlySpan<byte> first, Optime last, long? lastHash = null) =>
        Check(OplogEntry.Read(new BsonView(first)), last, lastHash);

    private static ContinuityVerdict Check(OplogEntry first, Optime last, long? lastHash)
    {
        if (first.Optime < last)
        {
            throw OplogErrors.Order(first.Optime, last);
        }

        if (first.Optime > last)
        {
            return ContinuityVerdict.Hole;
        }

        var isSameTerm = first.Optime.Term == last.Term;
        var isSameHash = lastHash is null || first.Hash is null || first.Hash == lastHash;
        return isSameTerm && isSameHash ? ContinuityVerdict.Continues : ContinuityVerdict.RolledBack;
    }
}
