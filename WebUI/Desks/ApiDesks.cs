namespace Backup.WebUI.Desks;

/// <summary>
/// Who does what the API asks for. The web interface knows the catalogue alone; everything that takes blocks, programs or other servers is done
/// by these, which whoever wires the rooms together hands over. Subjects, deployments and snapshots are named by their ids: whether the caller
/// may know of them has been seen to.
/// </summary>
public sealed record ApiDesks(
    IStatusDesk Status,
    IDeploymentDesk Deployments,
    ISnapshotDesk Snapshots,
    IPolicyDesk Policies,
    ILinkDesk Links,
    ISshDesk Ssh,
    IRestoreDesk Restores,
    IAgentDesk Agents,
    IStorageDesk Storage,
    ISubjectDesk Subjects,
    ICredentialDesk Credentials,
    IAlertDesk Alerts,
    IDocumentDesk Documents,
    IServeDesk Serving,
    IAccountDesk Accounts,
    IAgentBuildDesk AgentBuilds,
    IApplianceDesk Appliance,
    IKeyDesk Keys,
    IReportDesk Reports,
    IDaemonDesk Daemons,
    IMetadataDesk Metadata
);
