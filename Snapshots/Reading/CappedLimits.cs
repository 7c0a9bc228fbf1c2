namespace Backup.Snapshots.Reading;

/// <summary>
/// How much a capped collection holds. Until MongoDB 4.4 what a capped collection overwrites is in no oplog entry: every member trims by
/// itself, so whoever replays must too. The oldest go while there are more documents or more bytes than this. Since documents of such
/// collections keep their size it is the same to trim after every insert or once when they are read.
/// </summary>
/// <param name="MaxDocuments">The option <c>max</c>, or <see cref="long.MaxValue"/>.</param>
/// <param name="MaxBytes">The option <c>size</c>, or <see cref="long.MaxValue"/>.</param>
public readonly record struct CappedLimits(long MaxDocuments, long MaxBytes)
{
    /// <summary>Nothing is trimmed: the source logs what it overwrites, or the collection is not capped.</summary>
    public static readonly CappedLimits None = new(long.MaxValue, long.MaxValue);
}
