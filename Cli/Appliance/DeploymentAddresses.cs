using Backup.Cli.Control;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.MongoWire.Uri;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Appliance;

/// <summary>Where deployments are, for people: without users and passwords, and also where a URI cannot be opened.</summary>
/// <param name="Hosts">As the URI names them; none where it cannot be opened.</param>
/// <param name="Trouble">Why it cannot, where somebody has to do something about it; else null.</param>
internal sealed record DeploymentAddresses(IReadOnlyList<string> Hosts, ErrorView? Trouble)
{
    internal static DeploymentAddresses Of(IMetadataStore metadata, Deployment deployment)
    {
        try
        {
            var parsed = ConnectionString.Parse(metadata.Deployments.OpenUri(deployment));
            return new([.. parsed.Hosts.Select(static host => host.ToString())], null);
        }
        catch (BackupException failure) when (failure.Number == MetadataErrors.UriIsNotOpened)
        {
            return new([], deployment.IsProtected ? ControlServer.Describe(failure) : null);
        }
        catch (BackupException failure) when (failure.Number == MetadataErrors.UriKeyMissing)
        {
            // Those that run have the key.
            return new([], null);
        }
    }

    /// <summary>Whether it is the deployment of that URI; one that cannot be opened is not.</summary>
    internal static bool IsAt(IMetadataStore metadata, Deployment deployment, string uri)
    {
        try
        {
            return metadata.Deployments.OpenUri(deployment) == uri;
        }
        catch (BackupException failure)
            when (failure.Number is MetadataErrors.UriIsNotOpened or MetadataErrors.UriKeyMissing)
        {
            return false;
        }
    }
}
