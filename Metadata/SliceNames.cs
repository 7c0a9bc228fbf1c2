namespace Backup.Metadata;

/// <summary>How the objects of slices are named. The names are persisted: frozen.</summary>
public static class SliceNames
{
    /// <summary>All slices of an initial sync's copy.</summary>
    public static string SyncPrefix(string syncId) => $"sync/{syncId}/";

    /// <summary>The slices of one range of one collection.</summary>
    public static string RangePrefix(string syncId, Guid collection, int range) =>
        $"{SyncPrefix(syncId)}{collection:N}/{range}/";

    /// <summary>All slices of the oplog that belongs to a sync.</summary>
    public static string OplogPrefix(string syncId) => $"oplog/{syncId}/";
}
