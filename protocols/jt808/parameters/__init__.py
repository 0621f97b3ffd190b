"""Terminal parameters by id: one module a group, found by the registry."""

from protocols.jt808.parameters.base import Parameter, ParameterLayout, Parameters, parameter, parameter_layouts

__all__ = ["Parameter", "ParameterLayout", "Parameters", "parameter", "parameter_layouts"]
