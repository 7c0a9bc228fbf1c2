using Backup.Foundation;
using Backup.Oplog.Catalogues;

namespace Backup.Oplog;

/// <summary>What an operation does to a document, for whoever counts.</summary>
public enum WatchedOperation
{
    Insert = 0,

    /// <summary>It is changed or replaced.</summary>
    Update = 1,
    Delete = 2,
}

/// <summary>
/// Sees what a replayer applies, one call for each operation, those of transactions and of <c>applyOps</c> too. What moves documents between shards
/// (<c>fromMigrate</c>) is no loss and is not shown. Calls come from the replaying thread, before the target is told, for every document: they have to cost
/// next to nothing.
/// </summary>
public interface IOperationWatch
{
    /// <param name="collection">Whose document it is.</param>
    /// <param name="operation">What is done.</param>
    /// <param name="at">When it belongs to the source's data: of a prepared transaction its commit time, which may be before entries that were seen already.</param>
    void See(CatalogueCollection collection, WatchedOperation operation, Optime at);

    /// <summary>All of its documents go at once: it is dropped, renamed over, or emptied.</summary>
    /// <param name="collection">As it is before.</param>
    /// <param name="documents">How many, where the source says so (servers from 4.2 on); null: it does not.</param>
    /// <param name="at">When.</param>
    void SeeAllGo(CatalogueCollection collection, long? documents, Optime at);
}
