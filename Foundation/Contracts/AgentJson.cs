using System.Text.Json.Serialization;

namespace Backup.Foundation.Contracts;

/// <summary>JSON of the agent's contract, generated at build time: no reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true
)]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(EnrolRequest))]
[JsonSerializable(typeof(EnrolAnswer))]
[JsonSerializable(typeof(KeyAnswer))]
[JsonSerializable(typeof(CertificateOrder))]
[JsonSerializable(typeof(CertificateAnswer))]
[JsonSerializable(typeof(AgentConfiguration))]
[JsonSerializable(typeof(Heartbeat))]
[JsonSerializable(typeof(HeartbeatAnswer))]
[JsonSerializable(typeof(SourceReport))]
[JsonSerializable(typeof(LogExcerpt))]
[JsonSerializable(typeof(UpdateOffer))]
[JsonSerializable(typeof(LeaseClaim))]
[JsonSerializable(typeof(LeaseAnswer))]
[JsonSerializable(typeof(DiscoveryReport))]
[JsonSerializable(typeof(Assignment))]
[JsonSerializable(typeof(CopiedReport))]
[JsonSerializable(typeof(HoleReport))]
[JsonSerializable(typeof(SliceAnswer))]
[JsonSerializable(typeof(MonitoringSample))]
[JsonSerializable(typeof(MonitoringSpan))]
[JsonSerializable(typeof(HostRequest))]
[JsonSerializable(typeof(HostAnswer))]
[JsonSerializable(typeof(CopyOrder))]
[JsonSerializable(typeof(NamespaceFilter))]
[JsonSerializable(typeof(IReadOnlyList<NamespaceFilter>), TypeInfoPropertyName = "NamespaceFilters")]
[JsonSerializable(typeof(PartialSyncAnswer))]
[JsonSerializable(typeof(ClusterReport))]
[JsonSerializable(typeof(ClusterOrders))]
[JsonSerializable(typeof(CutBegun))]
[JsonSerializable(typeof(CutRested))]
[JsonSerializable(typeof(CutMarked))]
[JsonSerializable(typeof(CutAnswer))]
public sealed partial class AgentJson : JsonSerializerContext;
