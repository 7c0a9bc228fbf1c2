using Backup.Foundation.Errors;

namespace Backup.BackupHttpServer;

public static partial class BackupHttpServerErrors
{
    public static BackupException RevokedKey(string keyId) =>
        new(
            KeyRevoked,
            $"The API key {keyId} was revoked.",
            "If that was a mistake, enrol the agent again with a new token ('backup-agent enroll --force')."
        );

    public static BackupException ReplacedKey(string keyId) =>
        new(
            KeyReplaced,
            $"The API key {keyId} was replaced by a newer one.",
            "The newer one stands in the agent's agent.json; if an old copy of that file was put back, enrol the agent again ('backup-agent enroll --force')."
        );

    public static BackupException PendingKey(string keyId) =>
        new(
            KeyPending,
            $"The API key {keyId} was handed out and not confirmed yet.",
            "The agent confirms it by itself before it uses it; install the agent of the same release as the server."
        );

    public static BackupException CertificateNeeded() =>
        new(
            CertificateMissing,
            "This server asks agents for a client certificate, and none was presented.",
            "Enrol the agent again with a new token ('backup-agent enroll --force'): it gets one. A balancer in between must pass TLS through."
        );

    public static BackupException ExpiredCertificate(DateTime end) =>
        new(
            CertificateExpired,
            $"The client certificate is not valid now; it ended at {end:yyyy-MM-dd HH:mm:ss}Z.",
            "Check the clocks of both hosts. An agent renews it in time while it runs; one that was off for long is enrolled again ('backup-agent enroll --force')."
        );

    public static BackupException ForeignCertificate() =>
        new(
            CertificateForeign,
            "The client certificate was not issued to an agent by this server.",
            "Enrol the agent with a token of this server ('backup-agent enroll --force')."
        );

    public static BackupException RevokedCertificate(DateTimeOffset at) =>
        new(
            CertificateRevoked,
            $"The client certificate was revoked at {at.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z.",
            "If that was a mistake, enrol the agent again with a new token ('backup-agent enroll --force')."
        );

    public static BackupException CertificateOfOther() =>
        new(
            CertificateOtherAgents,
            "The client certificate is another agent's than the API key.",
            "Each agent has an identity of its own: do not copy agent.json or parts of it between hosts; enrol this one again."
        );

    public static BackupException NoCertificates() =>
        new(
            CertificatesOff,
            "This server does not issue client certificates.",
            "Nothing is to be done: the agent works with its API key alone. BACKUP_AGENT_CERTIFICATES of the appliance switches them on."
        );

    public static BackupException BadCertificateRequest(string what) =>
        new(
            CertificateRequestWrong,
            $"The certificate request cannot be read: {what}",
            "Install the agent of the same release as the server."
        );
}
