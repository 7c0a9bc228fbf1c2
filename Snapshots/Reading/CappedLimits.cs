using Backup.MongoWire.Bson;

namespace Backup.Snapshots.Reading;

/// <summary>
/// How much a capped collection holds. Until MongoDB 4.4 what a capped collection overwrites is in no oplog entry: every member trims by
/// itself, so whoever replays must too. Source: WiredTigerRecordStore::_cappedDeleteAsNeeded: the oldest go while there are more than <c>max</c> documents
/// or more than <c>size</c> bytes.
/// </summary>
/// <param name="MaxDocuments">The option <c>max</c>.</param>
/// <param name="MaxBytes">The option <c>size</c>, raised to a multiple of 256 as the server does.</param>
internal readonly record struct CappedLimits(long MaxDocuments, long MaxBytes)
{
    internal static readonly CappedLimits None = new(long.MaxValue, long.MaxValue);

    internal static CappedLimits Of(BsonView options)
    {
        var bytes = options.TryGet("size"u8, out var size) && size.IsNumber ? size.ToInt64() : 0;
        var documents = options.TryGet("max"u8, out var max) && max.IsNumber ? max.ToInt64() : 0;
        return new CappedLimits(
            documents > 0 ? documents : long.MaxValue,
            bytes is > 0 and < long.MaxValue / 2 ? (bytes + 255) & ~255L : long.MaxValue
        );
    }
}
