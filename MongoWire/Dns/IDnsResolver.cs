using Backup.Foundation.Errors;

namespace Backup.MongoWire.Dns;

/// <summary>One SRV record; priority and weight are no matter of MongoDB's.</summary>
/// <param name="Target">A host name without the dot at its end, as it was sent.</param>
public sealed record SrvRecord(string Target, int Port);

/// <summary>The two questions that mongodb+srv:// asks of the name service.</summary>
public interface IDnsResolver
{
    /// <param name="name">Fully qualified, for example <c>_mongodb._tcp.cluster.example.com</c>.</param>
    /// <returns>Empty where the name has none, or does not exist.</returns>
    /// <exception cref="BackupException">2102: nobody answered, or with an error.</exception>
    Task<IReadOnlyList<SrvRecord>> LookUpSrvAsync(string name, CancellationToken cancellation);

    /// <returns>One text a record, its strings joined; empty where there is none.</returns>
    /// <exception cref="BackupException">2102: nobody answered, or with an error.</exception>
    Task<IReadOnlyList<string>> LookUpTxtAsync(string name, CancellationToken cancellation);
}
