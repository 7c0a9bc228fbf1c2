namespace Backup.WebUI.Contracts;

/// <summary>A report that the appliance has signed: whoever knows the authority's fingerprint can check it without the appliance.</summary>
/// <param name="Report">The report, a JSON text: byte for byte (in UTF-8) what is signed.</param>
/// <param name="Signature">ECDSA over P-256 and SHA-256, as DER in base64.</param>
/// <param name="Certificate">Of the key that signed, in PEM, and behind it the authority's.</param>
public sealed record SignedReportView(string Report, string Signature, string Certificate);

/// <summary>A snapshot that was read back whole.</summary>
/// <param name="At">When that was done.</param>
/// <param name="Subject">The replica set's or the cluster's name.</param>
/// <param name="Snapshot">Its id.</param>
/// <param name="Job">Of the verification.</param>
public sealed record ProofView(DateTimeOffset At, string Subject, string Snapshot, string Job);
