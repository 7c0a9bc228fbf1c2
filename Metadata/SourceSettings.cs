namespace Backup.Metadata;

/// <summary>How a deployment's source is read, as operators set it while all runs; null is the appliance's default.</summary>
/// <param name="Revision">Grows by one with each change; the store counts.</param>
/// <param name="Member">Which member is read: the text of a rule, <c>secondary</c> unless set. Opaque to the catalogue.</param>
/// <param name="Cursors">Collections or ranges copied at the same time, 1 to 16.</param>
/// <param name="BytesPerSecond">Raw bytes read, 0 (no bound) to 100 GB.</param>
/// <param name="PausedAt">From then on neither collections nor oplog are read; null while they are.</param>
public sealed record SourceSettings(
    long Revision = 0,
    string Member = SourceSettings.AnySecondary,
    int? Cursors = null,
    long? BytesPerSecond = null,
    DateTimeOffset? PausedAt = null
)
{
    public const string AnySecondary = "secondary";
    public const int MostCursors = 16;
    public const long MostBytesPerSecond = 100_000_000_000;
    private const int LongestMember = 1024;

    /// <summary>Refuses a value out of its range.</summary>
    /// <exception cref="Foundation.Errors.BackupException">6015.</exception>
    public void Validate()
    {
        if (Cursors is < 1 or > MostCursors)
        {
            throw MetadataErrors.Source("number of cursors", $"1 to {MostCursors}");
        }

        if (BytesPerSecond is < 0 or > MostBytesPerSecond)
        {
            throw MetadataErrors.Source("bytes a second", $"0 (no bound) to {MostBytesPerSecond}");
        }

        if (Member.Length is 0 or > LongestMember)
        {
            throw MetadataErrors.Source("rule for the member", $"1 to {LongestMember} characters");
        }
    }
}
