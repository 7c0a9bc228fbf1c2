using Backup.Blockstore;

namespace Backup.Snapshots.Runs;

/// <summary>One entry of an index page: a block of records, or a page of the level below.</summary>
/// <param name="Id">Of the block or page.</param>
/// <param name="Lower">At most its first key; see <see cref="Keys.KeyBounds"/>.</param>
/// <param name="Upper">At least its last key.</param>
/// <param name="Statistics">Of all that is below.</param>
public sealed record BlockReference(BlockId Id, byte[] Lower, byte[] Upper, RunStatistics Statistics)
{
    /// <summary>No delete and no merge in it: whole documents only.</summary>
    public bool HoldsOnlyDocuments => Statistics.Documents == Statistics.Records;
}
