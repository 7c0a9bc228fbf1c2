using Backup.Metadata;
using Backup.MongoWire.Uri;

namespace Backup.Cli.Appliance;

/// <summary>Makes a deployment out of the URI that a user gave: checked, and with a name of its own.</summary>
internal static class DeploymentNaming
{
    /// <exception cref="Foundation.Errors.BackupException">2100 and on: what is wrong with the URI.</exception>
    internal static Deployment New(string groupId, string uri, IReadOnlyList<Deployment> known, DateTimeOffset now)
    {
        var parsed = ConnectionString.Parse(uri);
        var wanted = parsed.Options.ReplicaSet ?? parsed.Hosts[0].Host;
        var name = wanted;
        for (var i = 2; known.Any(deployment => deployment.Name == name && deployment.Uri != uri); i++)
        {
            name = $"{wanted}-{i}";
        }

        return new Deployment(Guid.CreateVersion7(now).ToString(), groupId, name, "replicaSet", uri, now);
    }
}
